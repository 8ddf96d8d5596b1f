//! Staging: a tile of an operand is copied into scratch memory, in the order in which the loops inside will
//! read it, and read from there.
//!
//! Before: `for j { for k { … b[k*n + j] … } }`, which jumps by `n` elements. After: `for j { for k { l[k] = b[k*n
//! + j] } for k { … l[k] … } }`. It pays where what is inside reads the tile often.

use std::cmp::Reverse;

use super::layout::{Layout, is_shared, scratch};
use crate::ir::{Arg, Axis, Memo, Op, Uop};
use crate::loops::{Nest, renamed_as, stride, substitute};
use crate::symbolic::Simplifier;

/// The loads of `kernel` from outside scratch memory that vary with a loop, in order: what staging can name.
pub(super) fn loads<'g>(kernel: Uop<'g>) -> Vec<Uop<'g>> {
    let outside = |n: &Uop<'g>| n.op() == Op::Load && n.src(0).src(0).op() == Op::DefineGlobal && n.ranges().len() > 0;
    kernel.toposort().into_iter().filter(outside).collect()
}

/// The loops inside the loop `at` that `value` varies with, outer before inner.
pub(super) fn inside<'g>(nest: &Nest<'g>, value: Uop<'g>, at: Uop<'g>) -> Vec<Uop<'g>> {
    let is_inside = |r: &Uop<'g>| *r != at && nest.path(Some(*r)).contains(&at);
    let mut ranges: Vec<_> = value.ranges().filter(is_inside).collect();
    ranges.sort_by_key(|r| (nest.depth(*r), *r));
    ranges
}

/// Whether the lanes of a load or store are neighbours in memory.
pub(super) fn is_in_order(access: Uop) -> bool {
    let address = access.src(0);
    address.ranges().filter(is_lane).all(|r| stride(address.src(1), r) == Some(1))
}

/// Whether a loop is the lanes of vectors.
pub(super) fn is_lane(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Lane))
}

/// Loops, then those written out, then lanes: the order in which what vectors hold lies side by side.
pub(super) fn kind(range: Uop) -> u8 {
    match range.arg() {
        Arg::Range(_, Axis::Unroll) => 1,
        Arg::Range(_, Axis::Lane) => 2,
        _ => 0,
    }
}

/// `kernel` with the tile of `load` in the loop `at` copied first; `None` if it does not move inside, has no known size,
/// or moves with lanes around the loop.
///
/// What is read in vectors lies as the loops read it, vectors of one iteration together. What is read element by element
/// keeps the order of its memory, and is copied in vectors. Of a loop that threads share, each copies what it needs itself.
pub(super) fn stage<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let value = operand(kernel, load);
    let tile = inside(&Nest::new(kernel), value, at);
    staged(kernel, (load, value), tile, simplifier)
}

/// `kernel` with `value`, which is made of `load`, copied first for all of the loops `tile`.
pub(super) fn staged<'g>(
    kernel: Uop<'g>,
    (load, value): (Uop<'g>, Uop<'g>),
    tile: Vec<Uop<'g>>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    if tile.is_empty() || is_shared(value, &tile) {
        return None;
    }
    let in_vectors = tile.iter().any(|r| kind(*r) == 2);
    let (tile, order) = orders(load, tile, in_vectors);
    let sizes: Vec<_> = tile.iter().map(|r| r.src(0).vmax()).collect();
    let layout = Layout::of(&sizes, value.dtype().bytes())?;
    let pointer = scratch(kernel, value, layout.elements);
    let loops = |axis| match axis {
        Axis::Parallel => axis,
        Axis::Lane if in_vectors => axis,
        // A vector that is put together from its elements is long enough to be one iteration.
        Axis::Unroll if in_vectors && is_in_order(load) => axis,
        _ => Axis::Loop,
    };
    let copies = renamed_as(kernel.graph(), tile.iter().copied(), loops);
    let copied = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
    let there: Vec<_> = tile.iter().map(copied).collect();
    let order: Vec<_> = order.iter().map(copied).collect();
    let store = pointer.element(layout.place(&there), None).store(substitute(value, &copies), &order);
    let read = pointer.after(store).element(layout.place(&tile), None).load();
    Some(simplifier.simplify(kernel.replace(value, read)))
}

/// The loops of a tile in the order of its layout, and in the order in which it is copied: as the load finds it in memory.
fn orders<'g>(load: Uop<'g>, mut tile: Vec<Uop<'g>>, in_vectors: bool) -> (Vec<Uop<'g>>, Vec<Uop<'g>>) {
    let step = |r: Uop<'g>| Reverse(stride(load.src(0).src(1), r).unwrap_or(i64::MAX).abs());
    let mut order = tile.clone();
    order.sort_by_key(|r| (if in_vectors { kind(*r) } else { 0 }, step(*r)));
    tile.sort_by_key(|r| kind(*r));
    (if in_vectors { tile } else { order.clone() }, order)
}

/// What is computed from `load` before anything else joins: conversions and scales are staged with it.
pub(super) fn operand<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Uop<'g> {
    let mut from_load = Memo::new(kernel.graph());
    from_load.insert(load, ());
    let mut largest = load;
    for node in kernel.toposort() {
        let same = node.op().is_alu() && node.range_ids() == load.range_ids();
        if same && node.srcs().any(|s| from_load.contains(s)) {
            from_load.insert(node, ());
            largest = if node.dtype().is_float() { node } else { largest };
        }
    }
    largest
}
