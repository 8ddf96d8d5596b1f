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

use super::linearize::Linear;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop, toposort};
use crate::loops::stride;
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

/// What one iteration of the innermost of `loops`, which has these `loads`, asks for.
fn hints<'g>(loops: &[Uop<'g>], loads: &[Uop<'g>], simplifier: &mut Simplifier<'g>) -> Option<Vec<Uop<'g>>> {
    let (&elements, around) = loops.split_first()?;
    let first = loads.iter().map(|load| load.src(0)).min_by_key(|index| index.src(1).vmin())?;
    let step: i64 = loads.iter().map(|load| load.dtype().lanes as i64).sum();
    let bytes = loads[0].dtype().element().bytes() as i64;
    let run = stride(first.src(1), elements)?;
    let ahead = |bytes_ahead: i64| (bytes_ahead / (step * bytes)).max(1);
    if run != step {
        let end = loads.iter().map(|load| load.src(0).src(1).vmin() + load.dtype().lanes as i128).max()?;
        let is_piece = run != 0 && end - first.src(1).vmin() == step.into();
        return is_piece.then(|| lines(first.src(0), (first.src(1) + ahead(AHEAD[0]) * run, step, 1), simplifier));
    }
    let moves = around.iter().position(|r| first.src(1).depends_on(*r)).unwrap_or(around.len());
    let (readers, parts) = around.split_at(moves);
    let is_held = elements.src(0).vmax().saturating_mul((step * bytes).into()) <= HELD.into();
    let own = (!is_held).then(|| (first.src(1) + ahead(AHEAD[usize::from(readers.is_empty())]) * step, step, 1));
    let next = match parts.first().filter(|_| is_held || !readers.is_empty()) {
        Some(part) => Some(share_of_next(first.src(1), elements, readers, (*part, step))?),
        None => None,
    };
    Some(own.into_iter().chain(next).flat_map(|asked| lines(first.src(0), asked, simplifier)).collect())
}

/// The lines of so many elements of `memory` from a place on, each asked into a cache.
fn lines<'g>(
    memory: Uop<'g>,
    (place, count, level): (Uop<'g>, i64, u32),
    simplifier: &mut Simplifier<'g>,
) -> Vec<Uop<'g>> {
    let line = (LINE / memory.dtype().pointee().bytes() as i64).max(1) as usize;
    let hint = |at| {
        let index = memory.element(simplifier.simplify(place + at), None);
        place.graph().node(Op::Prefetch, DType::VOID, &[index], Arg::Slot(level))
    };
    (0..count).step_by(line).map(hint).collect()
}

/// Where in the next iteration of `part` the elements are that one iteration asks for, how many, and into which cache: all of the
/// `readers` together ask for as many as they read, `step` in an iteration of `elements`.
fn share_of_next<'g>(
    place: Uop<'g>,
    elements: Uop<'g>,
    readers: &[Uop<'g>],
    (part, step): (Uop<'g>, i64),
) -> Option<(Uop<'g>, i64, u32)> {
    let sharing = readers.iter().try_fold(1i64, |n, r| n.checked_mul(i64::try_from(r.src(0).vmax()).ok()?))?;
    let so_far = |(size, so_far), reader: &Uop<'g>| (reader.src(0) * size, *reader * size + so_far);
    let (_, so_far) = readers.iter().fold((elements.src(0), elements), so_far);
    let share = (step + sharing - 1) / sharing.max(1);
    let next = place.substitute(&[(part, part + 1), (elements, elements.like(0))]);
    Some((next + so_far * share, share, if readers.is_empty() { 1 } else { 2 }))
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
}
