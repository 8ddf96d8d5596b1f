//! Sharing: what all threads of a block read in one iteration of a loop is copied into shared memory first, by all of them.
//!
//! Rows lie apart by some bytes more than they are long, so that threads read from different banks. With several buffers,
//! iteration `i` uses buffer `i % depth`, and the copies are asynchronous: the lowering lets them run ahead.

use std::cmp::Reverse;

use super::layout::scratch;
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{renamed_as, stride, substitute, terms};
use crate::symbolic::{Simplifier, simplify};
use crate::target::WIDEST;

/// Bytes by which rows are apart that the matrix units read element by element: of four rows eight neighbours of 4 bytes.
/// Others are apart by a whole access: eight rows are read at a time, so many bytes of each.
const WIDE_SKEW: usize = 2 * WIDEST;
/// Most bytes of shared memory for one operand.
const MOST_BYTES: i128 = 128 << 10;

/// `kernel` with the part of `load` that one iteration of `at` reads copied first, into one of `depth` buffers; `None` if
/// it does not move with that loop and inside, or is too large, or its size is not known.
///
/// All loops but those over blocks and those of reductions around `at` count as inside: threads run them at once.
pub(super) fn share<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    at: Uop<'g>,
    depth: u32,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    if !load.depends_on(at) {
        return None;
    }
    let around: Vec<_> = crate::loops::Nest::new(kernel).path(Some(at));
    let is_inside = |r: &Uop<'g>| match r.arg() {
        Arg::Range(_, Axis::Grid) => false,
        Arg::Range(_, Axis::Reduce | Axis::Serial) => !around.contains(r),
        _ => *r != at,
    };
    let mut tile: Vec<_> = load.ranges().filter(is_inside).collect();
    ordered(&mut tile, load.src(0).src(1));
    let (steps, elements) = steps(&tile, load.dtype().bytes(), skew(kernel, load, &tile))?;
    let pointer = scratch(kernel, load, elements * depth as i128);
    let buffer = at % depth as i64 * elements as i64;
    let place = |loops: &[Uop<'g>]| loops.iter().zip(&steps).fold(buffer, |place, (r, step)| place + *r * *step);
    let copies = renamed_as(kernel.graph(), tile.iter().copied(), |_| Axis::Loop);
    let copied = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
    let there: Vec<_> = tile.iter().map(copied).collect();
    let store = pointer.element(place(&there), None).store(substitute(load, &copies), &there);
    let store = if depth > 1 { ahead(store, depth) } else { store };
    let read = pointer.after(store).element(place(&tile), None).load();
    Some(simplifier.simplify(kernel.replace(load, read)))
}

/// `store` as a copy that may run `depth - 1` iterations ahead.
fn ahead<'g>(store: Uop<'g>, depth: u32) -> Uop<'g> {
    store.graph().node(Op::Store, store.dtype(), &store.srcs().collect::<Vec<_>>(), Arg::Ahead(depth))
}

/// By how many bytes rows of elements of `bytes` bytes are apart at most.
pub(crate) fn most_skew(bytes: usize) -> usize {
    if bytes == DType::F32.bytes() { WIDE_SKEW } else { WIDEST }
}

/// By how many bytes rows of `tile` are apart. Rows along the sum are read as matrices, as are those of 2-byte elements.
fn skew<'g>(kernel: Uop<'g>, load: Uop<'g>, tile: &[Uop<'g>]) -> usize {
    let is_along_sum = tile.last().is_some_and(is_of_sum);
    let is_rounded = || kernel.toposort().into_iter().any(|n| n.op() == Op::RoundTf32 && n.src(0) == load);
    if !is_along_sum && is_rounded() { WIDE_SKEW } else { WIDEST }
}

/// Puts the loops of a tile in the order of its rows in shared memory, outer before inner.
///
/// That is the order of memory, so that rows are copied in pieces. Where there are no pieces of several elements, as in the
/// windows of a picture, elements are copied one by one, and rows lie across the sum: for each of its steps one, with the
/// neighbours that are used together.
fn ordered<'g>(tile: &mut [Uop<'g>], address: Uop<'g>) {
    let steps: Vec<_> = tile.iter().map(|r| (*r, stride(address, *r))).collect();
    let step = |r: &Uop<'g>| steps.iter().find(|(range, _)| range == r).and_then(|(_, step)| *step);
    let is_gathered = (tile.len() > 2 || steps.iter().any(|(_, step)| step.is_none())) && !has_pieces(&steps, address);
    let apart = if is_gathered { 0 } else { i64::MAX };
    tile.sort_by_key(|r| (is_gathered && !is_of_sum(r), Reverse(step(r).unwrap_or(apart).abs())));
}

/// Whether elements lie side by side along loops of a tile, and two by two begin at multiples of two.
fn has_pieces<'g>(steps: &[(Uop<'g>, Option<i64>)], address: Uop<'g>) -> bool {
    let (mut length, mut row) = (1, vec![]);
    while let Some((next, _)) = steps.iter().find(|(r, step)| *step == Some(length) && !row.contains(r)) {
        row.push(*next);
        length *= next.src(0).vmax() as i64;
    }
    let is_even =
        |term: &Uop<'g>| row.iter().any(|r| term.depends_on(*r)) || simplify(*term % 2i64).as_int() == Some(0);
    length > 1 && length % 2 == 0 && terms(address).iter().all(is_even)
}

fn is_of_sum(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Reduce))
}

/// How far apart neighbours along each of `loops` are, with `skew` bytes between rows, and how many elements there are with
/// those that are skipped. A row is what the innermost loops have, as far as they are all loops of the sum, or none is; the
/// next begins at a multiple of the widest access.
fn steps(loops: &[Uop], bytes: usize, skew: usize) -> Option<(Vec<i64>, i128)> {
    let (mut steps, mut elements) = (vec![], 1i128);
    let last = loops.last()?;
    let of_row = loops.iter().rev().take_while(|r| is_of_sum(r) == is_of_sum(last)).count();
    let rows = loops.len() - if of_row == loops.len() { 1 } else { of_row };
    for (i, range) in loops.iter().enumerate().rev() {
        steps.push(elements as i64);
        elements *= range.src(0).as_int()?;
        if i == rows && i > 0 {
            let lanes = (WIDEST / bytes).max(1) as i128;
            elements = (elements + lanes - 1) / lanes * lanes + (skew / bytes) as i128;
        }
    }
    steps.reverse();
    (elements * bytes as i128 <= MOST_BYTES).then_some((steps, elements))
}
