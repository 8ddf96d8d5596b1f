//! Before: loads are marked, of which what comes next is to be asked for. After: PREFETCH in the loops that have them.
//!
//! Innermost is a loop over the elements of a part of memory, which is read from end to end. The loop that moves on to the
//! next part is around it, maybe with others between, the readers, all of which read the same part. In each iteration some
//! lines of the next part are asked for, evenly: not at once, which would be more than memory gives. Without readers they are
//! asked into the first-level cache, else into the second, where they wait. What lies behind the last part is asked for in
//! vain.

use super::linearize::Linear;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop, toposort};
use crate::loops::stride;
use crate::symbolic::Simplifier;

/// Bytes of a line of a cache, or fewer.
const LINE: i64 = 64;

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
    let (readers, parts) = around.split_at(around.iter().position(|r| first.src(1).depends_on(*r))?);
    if stride(first.src(1), elements) != Some(step) {
        return None;
    }
    let sharing = readers.iter().try_fold(1i64, |n, r| n.checked_mul(i64::try_from(r.src(0).vmax()).ok()?))?;
    let (_, so_far) = readers
        .iter()
        .fold((elements.src(0), elements), |(size, so_far), reader| (reader.src(0) * size, *reader * size + so_far));
    let next = first.src(1).substitute(&[(parts[0], parts[0] + 1), (elements, elements.like(0))]);
    let share = (step + sharing - 1) / sharing.max(1);
    let line = (LINE / loads[0].dtype().element().bytes() as i64).max(1);
    let level = Arg::Slot(if readers.is_empty() { 1 } else { 2 });
    let hint = |ahead: i64| {
        let place = simplifier.simplify(next + so_far * share + so_far.like(ahead));
        next.graph().node(Op::Prefetch, DType::VOID, &[first.src(0).element(place, None)], level.clone())
    };
    Some((0..share).step_by(line as usize).map(hint).collect())
}

/// `list` with `hints` before the instruction `at`.
fn inserted<'g>(list: &[Uop<'g>], at: usize, hints: &[Uop<'g>]) -> Linear<'g> {
    let (before, after) = list.split_at(at);
    let new = toposort(hints).into_iter().filter(|n| !before.contains(n));
    Linear(before.iter().copied().chain(new).chain(after.iter().copied()).collect())
}
