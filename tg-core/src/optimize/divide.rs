//! Dividing: what a reduction combines in each iteration of one of its loops goes to shared memory, and these parts are
//! combined for each result.
//!
//! Before: `for i { out[i] = Σ_w Σ_k f(i, w, k) }`. After: `for w, i' { l[w, i'] = Σ_k f(i', w, k) } for i { out[i] = Σ_w l[w,
//! i] }`. Warps can then have a part of a sum each, and all threads of a block share the work of adding these up, whichever
//! warp has computed what.

use std::cmp::Reverse;

use super::layout::scratch;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{stride, substitute};
use crate::symbolic::Simplifier;

/// Most bytes of shared memory for the parts.
const MOST_BYTES: i128 = 96 << 10;

/// `kernel` with the parts that the only reduction over `axis` has in its iterations in shared memory, computed in loops
/// that are made in the order in which parts lie there; `None` if there is no such reduction, or nothing is combined in an
/// iteration, or there are too many results, or threads have some already.
pub(super) fn divide<'g>(kernel: Uop<'g>, axis: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let over = |n: &Uop<'g>| n.op() == Op::Reduce && n.srcs().skip(1).any(|r| r == axis);
    let mut reductions = kernel.toposort().into_iter().filter(over);
    let whole = reductions.next().filter(|_| reductions.next().is_none())?;
    let Arg::Op(op) = *whole.arg() else { return None };
    let others: Vec<_> = whole.srcs().skip(1).filter(|r| *r != axis).collect();
    if others.is_empty() {
        return None;
    }
    let part = whole.src(0).reduce(op, &others);
    let loops = ordered(kernel, part, axis)?;
    let (mut steps, mut elements) = (vec![], 1i128);
    for range in loops.iter().rev() {
        steps.push(elements as i64);
        elements = elements.checked_mul(range.src(0).as_int()?)?;
    }
    steps.reverse();
    if elements * part.dtype().bytes() as i128 > MOST_BYTES {
        return None;
    }
    let place = |loops: &[Uop<'g>]| {
        let each = loops.iter().zip(&steps).map(|(range, step)| *range * *step);
        each.fold(axis.like(0i64), |sum, term| sum + term)
    };
    let there: Vec<_> = loops.iter().map(|range| range.graph().range(range.src(0), Axis::Loop)).collect();
    let copies: Vec<_> = loops.iter().copied().zip(there.iter().copied()).collect();
    let pointer = scratch(kernel, part, elements);
    let store = pointer.element(place(&there), None).store(substitute(part, &copies), &there);
    let read = pointer.after(store).element(place(&loops), None).load();
    Some(simplifier.simplify(kernel.replace(whole, read.reduce(op, &[axis]))))
}

/// The loops of a block that `part` varies with, in the order of the parts in memory: `axis`, then the loop along which
/// results are neighbours, which each thread has for itself, then the others, which threads have side by side. `None` if
/// one of them is not to be changed any more.
fn ordered<'g>(kernel: Uop<'g>, part: Uop<'g>, axis: Uop<'g>) -> Option<Vec<Uop<'g>>> {
    let is_of_block = |r: &Uop<'g>| !matches!(r.arg(), Arg::Range(_, Axis::Grid)) && *r != axis;
    let mut loops: Vec<_> = part.ranges().filter(is_of_block).collect();
    let is_fresh = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Loop));
    if !loops.iter().all(is_fresh) {
        return None;
    }
    let place = kernel.src(0).src(0).src(1);
    let step = |r: &Uop<'g>| stride(place, *r).map_or(i64::MAX, i64::abs);
    loops.sort_by_key(|r| (step(r) != 1, Reverse(step(r))));
    loops.insert(0, axis);
    Some(loops)
}
