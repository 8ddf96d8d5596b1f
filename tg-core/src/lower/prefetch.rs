//! Before: copies are marked of which the next part is to be asked for. After: PREFETCH in the loops that read them.
//!
//! Innermost is a loop over the elements of a part, which many iterations of the loop around it, the readers, read from end
//! to end, one part for each iteration of a third loop. Each reader asks for an equal share of the next part, evenly: one
//! address each time, and so not at once, which would be more than memory gives. What lies behind the last part is asked for
//! in vain.

use super::linearize::Linear;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop};
use crate::loops::stride;
use crate::symbolic::Simplifier;

pub fn prefetch<'g>(linear: Linear<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let mut copies: Vec<_> = linear.0.iter().filter(|n| *n.arg() == Arg::Prefetch).map(|n| n.src(0).src(0)).collect();
    copies.dedup();
    copies.into_iter().fold(linear, |linear, copy| match asked(&linear.0, copy, simplifier) {
        Some((end, address)) => inserted(&linear.0, end, address),
        None => linear,
    })
}

/// The pointer behind AFTERs.
fn origin(pointer: Uop) -> Uop {
    std::iter::successors(Some(pointer), |p| (p.op() == Op::After).then(|| p.src(0))).last().unwrap_or(pointer)
}

/// Where the loop that reads `copy` ends, and the address it asks for; `None` if it does not read the whole of a part.
fn asked<'g>(list: &[Uop<'g>], copy: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<(usize, Uop<'g>)> {
    let reads = |n: &Uop<'g>| n.op() == Op::Load && origin(n.src(0).src(0)) == copy;
    let mut open = vec![];
    for (at, node) in list.iter().enumerate() {
        match node.op() {
            Op::Range => open.push((*node, at)),
            Op::Endrange => {
                let (_, begin) = *open.last()?;
                let loads: Vec<_> = list[begin..at].iter().copied().filter(reads).collect();
                if !loads.is_empty() {
                    let loops: Vec<_> = open.iter().rev().map(|(range, _)| *range).collect();
                    return Some((at, address(&loops, &loads, simplifier)?));
                }
                open.pop();
            }
            _ => {}
        }
    }
    None
}

/// The address that one iteration of the innermost of `loops`, which has these `loads`, asks for.
fn address<'g>(loops: &[Uop<'g>], loads: &[Uop<'g>], simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let &[elements, readers, parts, ..] = loops else { return None };
    let first = loads.iter().map(|load| load.src(0)).min_by_key(|index| index.src(1).vmin())?;
    let step: i64 = loads.iter().map(|load| load.dtype().lanes as i64).sum();
    let is_part = stride(first.src(1), elements) == Some(step) && first.src(1).depends_on(parts);
    let count = i64::try_from(readers.src(0).vmax()).ok().filter(|count| *count > 0)?;
    if !is_part || first.src(1).depends_on(readers) {
        return None;
    }
    let next = first.src(1).substitute(&[(parts, parts + 1), (elements, elements.like(0))]);
    let share = (step + count - 1) / count;
    let so_far = readers * elements.src(0) + elements;
    Some(first.src(0).element(simplifier.simplify(next + so_far * share), None))
}

/// `list` with PREFETCH of `address` before the instruction `at`.
fn inserted<'g>(list: &[Uop<'g>], at: usize, address: Uop<'g>) -> Linear<'g> {
    let hint = address.graph().node(Op::Prefetch, DType::VOID, &[address], Arg::None);
    let (before, after) = list.split_at(at);
    let new = hint.toposort().into_iter().filter(|n| !before.contains(n));
    Linear(before.iter().copied().chain(new).chain(after.iter().copied()).collect())
}
