//! Before: loads are marked, of which what comes next is to be asked for. After: PREFETCH in the loops that have them.
//!
//! Innermost is a loop over the elements of a part of memory, which is read from end to end. The loop that moves on to the
//! next part is around it, maybe with others between, the readers, all of which read the same part. In each iteration some
//! lines of the next part are asked for, evenly: not at once, which would be more than memory gives. Without readers they are
//! asked into the first-level cache, else into the second, where they wait. What lies behind the last part is asked for in
//! vain.
//!
//! A part that the first-level cache does not hold is asked into that some iterations ahead, too: hardware does so by itself,
//! but less well in a core that two threads share, and only to the end of a page. Without readers that is all. Of pieces that lie
//! apart, such as a panel's rows where it is copied, so is that of some iterations ahead.
//!
//! Of several rows that are read together, and once, each iteration asks for its lines of the next such rows, into the second-level
//! cache.

use super::linearize::Linear;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop, toposort};
use crate::loops::{ROWS, stride};
use crate::symbolic::Simplifier;

/// Bytes of a line of a cache, or fewer.
pub(super) const LINE: i64 = 64;
/// Bytes of a part that the first-level cache may hold.
const HELD: i64 = 24 << 10;
/// How many bytes ahead what a loop reads is asked into the first-level cache: of a part with readers, which a cache behind that
/// may have, and of one without, for which memory has to answer.
const AHEAD: [i64; 2] = [2 << 10, 4 << 10];

pub fn prefetch<'g>(linear: Linear<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let mut marked: Vec<_> = linear.0.iter().filter(|n| is_marked(n)).map(|n| origin(n.src(0).src(0))).collect();
    marked.sort_unstable();
    marked.dedup();
    marked.into_iter().fold(linear, |linear, memory| match asked(&linear.0, memory, simplifier) {
        Some((end, hints)) => inserted(&linear.0, end, &hints),
        None => linear,
    })
}

fn is_marked(node: &Uop) -> bool {
    node.op() == Op::Load && *node.arg() == Arg::Prefetch
}

/// The pointer behind AFTERs.
fn origin(pointer: Uop) -> Uop {
    std::iter::successors(Some(pointer), |p| (p.op() == Op::After).then(|| p.src(0))).last().unwrap_or(pointer)
}

/// Where the loop that reads `memory` by marked loads ends, and the hints in it; `None` if it does not read the whole of a
/// part.
fn asked<'g>(list: &[Uop<'g>], memory: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<(usize, Vec<Uop<'g>>)> {
    let reads = |n: &Uop<'g>| is_marked(n) && origin(n.src(0).src(0)) == memory;
    let mut open = vec![];
    for (at, node) in list.iter().enumerate() {
        match node.op() {
            Op::Range => open.push((*node, at)),
            Op::Endrange => {
                let (_, begin) = *open.last()?;
                let loads: Vec<_> = list[begin..at].iter().copied().filter(reads).collect();
                if !loads.is_empty() {
                    let loops: Vec<_> = open.iter().rev().map(|(range, _)| *range).collect();
                    return Some((at, hints(&loops, &loads, simplifier)?));
                }
                open.pop();
            }
            _ => {}
        }
    }
    None
}

/// Neighbours in memory.
#[derive(Clone, Copy)]
struct Run<'g> {
    memory: Uop<'g>,
    begin: Uop<'g>,
    count: i64,
}

impl<'g> Run<'g> {
    fn bytes(&self) -> i64 {
        self.count.saturating_mul(self.memory.dtype().pointee().bytes() as i64)
    }

    /// The elements that `loads` of one memory read, in order.
    fn all_of(loads: &[Uop<'g>]) -> Vec<Run<'g>> {
        let of = |load: &Uop<'g>| {
            let index = load.src(0);
            Run { memory: index.src(0), begin: index.src(1), count: load.dtype().lanes.into() }
        };
        let mut parts: Vec<_> = loads.iter().map(of).collect();
        parts.sort_by_key(|part| part.begin.vmin());
        let mut runs: Vec<Run> = vec![];
        for part in parts {
            match runs.last_mut() {
                Some(run) if run.begin.vmin() + i128::from(run.count) == part.begin.vmin() => run.count += part.count,
                _ => runs.push(part),
            }
        }
        runs
    }

    /// As many elements at another place.
    fn at(self, begin: Uop<'g>) -> Run<'g> {
        Run { begin, ..self }
    }

    /// Its lines, each asked into that level of caches.
    fn asked_into(self, level: u32, simplifier: &mut Simplifier<'g>) -> Vec<Uop<'g>> {
        let line = (LINE / self.memory.dtype().pointee().bytes() as i64).max(1) as usize;
        let hint = |at| {
            let index = self.memory.element(simplifier.simplify(self.begin + at), None);
            self.begin.graph().node(Op::Prefetch, DType::VOID, &[index], Arg::Slot(level))
        };
        (0..self.count).step_by(line).map(hint).collect()
    }
}

/// What one iteration of the innermost of `loops`, which has these `loads`, asks for.
fn hints<'g>(loops: &[Uop<'g>], loads: &[Uop<'g>], simplifier: &mut Simplifier<'g>) -> Option<Vec<Uop<'g>>> {
    let (&elements, around) = loops.split_first()?;
    let asked = match Run::all_of(loads)[..] {
        [run] => ahead(run, elements, around)?,
        ref rows => next_rows(rows, elements, around)?,
    };
    Some(asked.into_iter().flat_map(|(run, level)| run.asked_into(level, simplifier)).collect())
}

/// What an iteration of `elements`, with those loops `around` it, asks for that reads one `run`, and into which caches.
fn ahead<'g>(run: Run<'g>, elements: Uop<'g>, around: &[Uop<'g>]) -> Option<Vec<(Run<'g>, u32)>> {
    let step = stride(run.begin, elements)?;
    let ahead = |bytes: i64| run.at(run.begin + (bytes / run.bytes()).max(1) * step);
    if step != run.count {
        return (step != 0).then(|| vec![(ahead(AHEAD[0]), 1)]);
    }
    let moves = around.iter().position(|r| run.begin.depends_on(*r)).unwrap_or(around.len());
    let (readers, parts) = around.split_at(moves);
    let is_held = elements.src(0).vmax().saturating_mul(run.bytes().into()) <= HELD.into();
    let own = (!is_held).then(|| (ahead(AHEAD[usize::from(readers.is_empty())]), 1));
    let next = match parts.first().filter(|_| is_held || !readers.is_empty()) {
        Some(part) => Some((share_of_next(run, elements, readers, *part)?, if readers.is_empty() { 1 } else { 2 })),
        None => None,
    };
    Some(own.into_iter().chain(next).collect())
}

/// What an iteration of `elements` asks for that reads a run of each of `rows`: those of the next rows, with the first of the loops
/// `around` that does not go on in them. `None` if the rows are too long, or read again.
fn next_rows<'g>(rows: &[Run<'g>], elements: Uop<'g>, around: &[Uop<'g>]) -> Option<Vec<(Run<'g>, u32)>> {
    let run = *rows.first()?;
    let mut count = run.count;
    for range in [elements].iter().chain(around) {
        if stride(run.begin, *range) != Some(count) {
            let bytes = Run { count, ..run }.bytes().saturating_mul(rows.len() as i64);
            let are_read_once = *range != elements && run.begin.depends_on(*range);
            let fit = bytes <= ROWS && rows.iter().all(|row| row.count == run.count);
            let next = rows.iter().map(|row| Some((share_of_next(*row, elements, &[], *range)?, 2)));
            return if are_read_once && fit { next.collect() } else { None };
        }
        count = count.checked_mul(i64::try_from(range.src(0).vmax()).ok()?)?;
    }
    None
}

/// What one iteration of `elements` asks for of what the next one of `part` will read: all of the `readers` together ask for as
/// many elements as they read, a `run` in an iteration. `None` if it varies with the part how long loops between are.
fn share_of_next<'g>(run: Run<'g>, elements: Uop<'g>, readers: &[Uop<'g>], part: Uop<'g>) -> Option<Run<'g>> {
    let varies = |r: Uop<'g>| r != part && r != elements && r.depends_on(part);
    if run.begin.ranges().any(varies) {
        return None;
    }
    let sharing = readers.iter().try_fold(1i64, |n, r| n.checked_mul(i64::try_from(r.src(0).vmax()).ok()?))?;
    let so_far = |(size, so_far), reader: &Uop<'g>| (reader.src(0) * size, *reader * size + so_far);
    let (_, so_far) = readers.iter().fold((elements.src(0), elements), so_far);
    let count = (run.count + sharing - 1) / sharing.max(1);
    // It may vary with the part how long `elements` is, which stays as it is.
    let next = run.begin.substitute(&[(part, part + 1), (elements, elements.like(0))]);
    Some(Run { begin: next + so_far * count, count, ..run })
}

/// `list` with `hints` before the instruction `at`.
fn inserted<'g>(list: &[Uop<'g>], at: usize, hints: &[Uop<'g>]) -> Linear<'g> {
    let (before, after) = list.split_at(at);
    let new = toposort(hints).into_iter().filter(|n| !before.contains(n));
    Linear(before.iter().copied().chain(new).chain(after.iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::spec::{Stage, verify};
    use crate::ir::{Axis, Graph};
    use crate::lower::linearize;

    /// The places that `for i { for j of pieces { y[i*32 + j*apart] = x[i*run + j*apart] } }` asks for where `i` is 0, of f32.
    fn asked_for(run: i64, apart: i64) -> Vec<i128> {
        let g = Graph::new();
        let i = g.range(g.index(100), Axis::Loop);
        let stores: Vec<_> = (0..32)
            .map(|j| {
                let place = i * run + j * apart;
                let load = g.global(DType::F32, 0).element(place, None).load().with_arg(Arg::Prefetch);
                g.global(DType::F32, 1).element(i * 32 + j, None).store(load, &[i])
            })
            .collect();
        let mut simplifier = Simplifier::default();
        let list = prefetch(linearize(g.sink(&stores)), &mut simplifier);
        let hints = list.0.iter().filter(|n| n.op() == Op::Prefetch);
        hints.map(|hint| simplifier.simplify(hint.src(0).src(1).substitute(&[(i, i.like(0))])).vmin()).collect()
    }

    #[test]
    fn pieces_that_lie_apart_are_asked_for_line_by_line() {
        // 16 pieces of 128 bytes, which are two lines, are 2 KiB.
        assert_eq!(asked_for(1000, 1), [16 * 1000, 16 * 1000 + 16]);
        assert_eq!(asked_for(1000, 2), [], "what has gaps is no piece");
    }

    /// The places that the first iteration of `for i { for part { for j { y[…] = x[(i*4 + row)*size + part*1024 + j*16] } } }` asks for,
    /// of 4 rows of f32 and so many vectors in a part.
    fn asked_for_of_rows(size: i64, vectors: impl for<'g> Fn(Uop<'g>) -> Uop<'g>) -> Vec<i128> {
        let g = Graph::new();
        let [i, part] = [100, size / 1024].map(|n| g.range(g.index(n), Axis::Loop));
        let j = g.range(vectors(part), Axis::Loop);
        let store = |row| {
            let place = (i * 4 + row) * size + part * 1024 + j * 16;
            let index = g.global(DType::F32, 0).element(place, None);
            let load = g.node(Op::Load, DType::F32.vec(16), &[index], Arg::Prefetch);
            g.global(DType::F32, 1).element(place, None).store(load, &[i, part, j])
        };
        let mut simplifier = Simplifier::default();
        let list = prefetch(linearize(g.sink(&[0, 1, 2, 3].map(store))), &mut simplifier);
        assert_eq!(verify(Stage::Linear, &list.0), Ok(()));
        let first = [i, part, j].map(|r| (r, i.like(0)));
        let hints = list.0.iter().filter(|n| n.op() == Op::Prefetch);
        hints.map(|hint| simplifier.simplify(hint.src(0).src(1).substitute(&first)).vmin()).collect()
    }

    #[test]
    fn the_next_rows_are_asked_for_row_by_row() {
        assert_eq!(asked_for_of_rows(4096, |part| part.like(64)), [4, 5, 6, 7].map(|row| row * 4096));
        assert!(asked_for_of_rows(1 << 20, |part| part.like(64)).is_empty(), "no cache holds four rows of 4 MiB");
        let in_parts = asked_for_of_rows(4096, |part| part + 60);
        assert_eq!(in_parts, [0, 1, 2, 3].map(|row| row * 4096 + 1024), "parts do not go on in a row");
    }
}
