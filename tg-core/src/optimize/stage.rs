//! Staging: a tile of an operand is copied into scratch memory, in the order in which the loops inside will
//! read it, and read from there.
//!
//! Before: `for j { for k { … b[k*n + j] … } }`, which jumps by `n` elements. After: `for j { for k { l[k] = b[k*n
//! + j] } for k { … l[k] … } }`. It pays where what is inside reads the tile often.

use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, renamed, substitute};
use crate::symbolic::Simplifier;

/// Most elements of a tile.
const MOST_ELEMENTS: i128 = 1 << 24;

/// The loads of `kernel` from outside scratch memory, in order: what staging can name.
pub(super) fn loads<'g>(kernel: Uop<'g>) -> Vec<Uop<'g>> {
    let outside = |n: &Uop<'g>| n.op() == Op::Load && n.src(0).src(0).op() == Op::DefineGlobal;
    kernel.toposort().into_iter().filter(outside).collect()
}

/// The loops inside the loop `at` that `load` moves with, in the order of the tile: loops over tiles first, then those
/// written out, then lanes, each outer before inner.
pub(super) fn tile_of<'g>(nest: &Nest<'g>, load: Uop<'g>, at: Uop<'g>) -> Vec<Uop<'g>> {
    let inside = |r: &Uop<'g>| *r != at && nest.path(Some(*r)).contains(&at);
    let mut ranges: Vec<_> = load.ranges().filter(inside).collect();
    let kind = |r: Uop<'g>| match r.arg() {
        Arg::Range(_, Axis::Unroll) => 1,
        Arg::Range(_, Axis::Lane) => 2,
        _ => 0,
    };
    ranges.sort_by_key(|r| (kind(*r), nest.depth(*r), *r));
    ranges
}

/// The largest number of elements in a tile over `ranges`; `None` if there is no bound worth the name.
pub(super) fn elements(ranges: &[Uop]) -> Option<i128> {
    let total = ranges.iter().try_fold(1i128, |total, r| total.checked_mul(r.src(0).vmax()))?;
    (total > 0 && total <= MOST_ELEMENTS).then_some(total)
}

/// `kernel` with the tile of `load` in the loop `at` copied first; `None` if it does not move inside, or has no
/// known size.
pub(super) fn stage<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let graph = kernel.graph();
    let inner = tile_of(&Nest::new(kernel), load, at);
    if inner.is_empty() {
        return None;
    }
    let pointer = scratch(kernel, load, elements(&inner)?);
    let copies: Vec<_> = renamed(graph, inner.iter().copied()).into_iter().map(as_loop).collect();
    let copied = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
    let there: Vec<_> = inner.iter().map(copied).collect();
    let value = substitute(load, &copies);
    let store = pointer.element(place(&there), None).store(value, &there);
    let read = pointer.after(store).element(place(&inner), None).load();
    Some(simplifier.simplify(kernel.replace(load, read)))
}

/// New scratch memory of `kernel` for `len` elements like `value`.
pub(super) fn scratch<'g>(kernel: Uop<'g>, value: Uop<'g>, len: i128) -> Uop<'g> {
    let number = kernel.toposort().into_iter().filter(|n| n.op() == Op::DefineLocal).count();
    kernel.graph().local(value.dtype(), number as u32, len as u32)
}

/// A copied range: what a reduction runs over is an ordinary loop of the copying.
fn as_loop<'g>((from, to): (Uop<'g>, Uop<'g>)) -> (Uop<'g>, Uop<'g>) {
    match to.arg() {
        Arg::Range(_, Axis::Reduce) => (from, to.graph().range(to.src(0), Axis::Loop)),
        _ => (from, to),
    }
}

/// Where the element at `ranges` is in the tile, row-major.
fn place<'g>(ranges: &[Uop<'g>]) -> Uop<'g> {
    let at = ranges.iter().copied().reduce(|at, r| at * (r.src(0).vmax() as i64) + r);
    at.unwrap_or_else(|| panic!("stage: a tile without loops"))
}
