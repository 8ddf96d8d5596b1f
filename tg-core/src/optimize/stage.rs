//! Staging: a tile of an operand is copied into scratch memory, in the order in which the loops inside will
//! read it, and read from there.
//!
//! Before: `for j { for k { … b[k*n + j] … } }`, which jumps by `n` elements. After: `for j { for k { l[k] = b[k*n
//! + j] } for k { … l[k] … } }`. It pays where what is inside reads the tile often.

use std::cmp::Reverse;

use crate::ir::{Arg, Axis, Memo, Op, Uop};
use crate::loops::{Nest, renamed, stride, substitute};
use crate::symbolic::Simplifier;

/// Bytes of a cache line.
const LINE: usize = 64;
/// Bytes of a part of a tile from which its distance to the next matters.
const LARGE: i128 = 1 << 10;
/// Most elements of a tile.
const MOST_ELEMENTS: i128 = 1 << 24;

/// The loads of `kernel` from outside scratch memory that vary with a loop, in order: what staging can name.
pub(super) fn loads<'g>(kernel: Uop<'g>) -> Vec<Uop<'g>> {
    let outside = |n: &Uop<'g>| n.op() == Op::Load && n.src(0).src(0).op() == Op::DefineGlobal && n.ranges().len() > 0;
    kernel.toposort().into_iter().filter(outside).collect()
}

/// The loops inside the loop `at` that `load` moves with.
fn inside<'g>(nest: &Nest<'g>, load: Uop<'g>, at: Uop<'g>) -> Vec<Uop<'g>> {
    let is_inside = |r: &Uop<'g>| *r != at && nest.path(Some(*r)).contains(&at);
    let mut ranges: Vec<_> = load.ranges().filter(is_inside).collect();
    ranges.sort_by_key(|r| (nest.depth(*r), *r));
    ranges
}

/// Loops, then those written out, then lanes.
fn kind(range: Uop) -> u8 {
    match range.arg() {
        Arg::Range(_, Axis::Unroll) => 1,
        Arg::Range(_, Axis::Lane) => 2,
        _ => 0,
    }
}

/// `kernel` with the tile of `load` in the loop `at` copied first; `None` if it does not move inside, has no known size, or
/// differs between lanes or copies of a loop outside, which would share scratch memory.
///
/// What is read in vectors lies as the loops read it, vectors of one iteration together. What is read element by element
/// keeps the order of its memory, and is copied in vectors.
pub(super) fn stage<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let value = operand(kernel, load);
    let mut tile = inside(&Nest::new(kernel), value, at);
    if tile.is_empty() || differs_between_copies(value, &tile) {
        return None;
    }
    let step = |r: Uop<'g>| Reverse(stride(load.src(0).src(1), r).unwrap_or(i64::MAX).abs());
    let mut order = tile.clone();
    let in_vectors = tile.iter().any(|r| kind(*r) == 2);
    if in_vectors {
        tile.sort_by_key(|r| kind(*r));
        order.sort_by_key(|r| (kind(*r), step(*r)));
    } else {
        order.sort_by_key(|r| step(*r));
        tile = order.clone();
    }
    let layout = Layout::of(&tile, value.dtype().bytes())?;
    let pointer = scratch(kernel, value, layout.elements);
    let own = renamed(kernel.graph(), tile.iter().copied()).into_iter();
    let copies: Vec<_> =
        own.map(|(r, copy)| (r, if in_vectors && kind(r) > 0 { copy } else { as_loop(copy) })).collect();
    let copied = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
    let there: Vec<_> = tile.iter().map(copied).collect();
    let order: Vec<_> = order.iter().map(copied).collect();
    let store = pointer.element(layout.place(&there), None).store(substitute(value, &copies), &order);
    let read = pointer.after(store).element(layout.place(&tile), None).load();
    Some(simplifier.simplify(kernel.replace(value, read)))
}

/// Whether `value` varies with lanes, or with a loop that is written out, beside the loops of `own`.
pub(super) fn differs_between_copies<'g>(value: Uop<'g>, own: &[Uop<'g>]) -> bool {
    value.ranges().any(|range| kind(range) > 0 && !own.contains(&range))
}

/// What is computed from `load` before anything else joins: conversions and scales are staged with it.
fn operand<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Uop<'g> {
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

/// New scratch memory of `kernel` for `len` elements like `value`.
pub(super) fn scratch<'g>(kernel: Uop<'g>, value: Uop<'g>, len: i128) -> Uop<'g> {
    let number = kernel.toposort().into_iter().filter(|n| n.op() == Op::DefineLocal).count();
    kernel.graph().local(value.dtype(), number as u32, len as u32)
}

/// `range` as an ordinary loop.
fn as_loop(range: Uop) -> Uop {
    match range.arg() {
        Arg::Range(_, Axis::Loop) => range,
        _ => range.graph().range(range.src(0), Axis::Loop),
    }
}

/// Where the elements of a tile are in scratch memory: row-major over its loops, except that large parts are apart by a
/// cache line more, lest they fall into the same lines of a cache.
struct Layout {
    steps: Vec<i64>,
    elements: i128,
}

impl Layout {
    /// `None` if there is no bound on the number of elements worth the name.
    fn of(ranges: &[Uop], bytes: usize) -> Option<Layout> {
        let mut steps = vec![];
        let mut elements = 1i128;
        for (i, range) in ranges.iter().enumerate().rev() {
            if i < ranges.len() - 1 && elements * bytes as i128 >= LARGE {
                elements += (LINE / bytes) as i128;
            }
            steps.push(elements as i64);
            elements = elements.checked_mul(range.src(0).vmax())?;
        }
        steps.reverse();
        (elements > 0 && elements <= MOST_ELEMENTS).then_some(Layout { steps, elements })
    }

    fn place<'g>(&self, ranges: &[Uop<'g>]) -> Uop<'g> {
        let each = ranges.iter().zip(&self.steps).map(|(r, step)| *r * *step);
        each.reduce(|a, b| a + b).unwrap_or_else(|| panic!("stage: a tile without loops"))
    }
}
