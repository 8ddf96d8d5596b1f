//! Sharing: what all threads of a block read in one iteration of a loop is copied into shared memory first, by all of them.
//!
//! Rows lie apart by some bytes more than they are long, so that threads read from different banks. With several buffers,
//! iteration `i` uses buffer `i % depth`, and the copies are asynchronous: the lowering lets them run ahead.
//!
//! For products of four warps rows are 128 bytes long, and swizzled instead: see [`crate::ir::Group`].

use std::cmp::Reverse;

use super::layout::scratch_as;
use crate::dtype::DType;
use crate::ir::{Arg, Arrangement, Axis, Op, ROW, SWIZZLED, Uop};
use crate::loops::{renamed_as, stride, substitute, terms};
use crate::symbolic::{Simplifier, simplify};
use crate::target::WIDEST;

/// Bytes by which rows are apart that the matrix units read element by element: of four rows eight neighbours of 4 bytes.
/// Others are apart by a whole access: eight rows are read at a time, so many bytes of each.
const WIDE_SKEW: usize = 2 * WIDEST;
/// Most bytes of shared memory for one operand.
const MOST_BYTES: i128 = 128 << 10;

/// `kernel` with the part of `load` that one iteration of `at` reads copied first, into one of `depth` buffers; `None` if
/// it does not move with that loop and inside, or is too large, or its size is not known, or no such rows can be swizzled.
///
/// All loops but those over blocks and those of reductions around `at` count as inside: threads run them at once.
pub(super) fn share<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    at: Uop<'g>,
    (depth, arrangement): (u32, Arrangement),
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
    let loops: Vec<_> = load.ranges().filter(is_inside).collect();
    let (loops, tile) = match arrangement {
        Arrangement::Plain => Tile::padded(kernel, load, loops)?,
        Arrangement::Swizzled => Tile::in_panels(load, loops)?,
    };
    let pointer = scratch_as(kernel, load, tile.elements * depth as i128, arrangement);
    let buffer = at % depth as i64 * tile.elements as i64;
    let (copies, there) = tile.copied(&loops);
    let to: Vec<_> =
        loops.iter().map(|r| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to)).collect();
    let store = pointer.element(buffer + tile.place(&to), None).store(substitute(load, &copies), &there);
    let store = if depth > 1 { ahead(store, depth) } else { store };
    let read = pointer.after(store).element(buffer + tile.place(&loops), None).load();
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
    Some((steps, elements))
}

/// Where the elements of a tile are.
struct Tile {
    /// How far apart neighbours along each loop are.
    steps: Vec<i64>,
    /// Elements of a row, and how far apart its pieces are, if the last loop is longer.
    panels: Option<[i64; 2]>,
    /// How many elements there are, with those that are skipped.
    elements: i128,
}

impl Tile {
    /// The tile of `load` over `loops`, which are put in order, in rows one after the other.
    fn padded<'g>(kernel: Uop<'g>, load: Uop<'g>, mut loops: Vec<Uop<'g>>) -> Option<(Vec<Uop<'g>>, Tile)> {
        ordered(&mut loops, load.src(0).src(1));
        let bytes = load.dtype().bytes();
        let (steps, elements) = steps(&loops, bytes, skew(kernel, load, &loops))?;
        Tile { steps, panels: None, elements }.fitting(loops, bytes)
    }

    /// The same in rows of 128 bytes; of longer ones the first pieces of all come first.
    fn in_panels<'g>(load: Uop<'g>, mut loops: Vec<Uop<'g>>) -> Option<(Vec<Uop<'g>>, Tile)> {
        let step = |range: &Uop<'g>| stride(load.src(0).src(1), *range);
        loops.sort_by_key(|range| Reverse(step(range).unwrap_or(i64::MAX).abs()));
        let (row, others) = loops.split_last().filter(|(row, _)| step(row) == Some(1))?;
        let (length, bytes) = (row.src(0).as_int()?, load.dtype().bytes());
        let piece = (ROW / bytes) as i128;
        let (mut steps, mut elements) = (vec![1], piece);
        for range in others.iter().rev() {
            steps.push(elements as i64);
            elements *= range.src(0).as_int()?;
        }
        steps.reverse();
        let is_whole = length % piece == 0 && (elements as usize * bytes).is_multiple_of(SWIZZLED);
        let panels = (length > piece).then_some([piece as i64, elements as i64]);
        Tile { steps, panels, elements: elements * (length / piece) }.fitting(loops, bytes).filter(|_| is_whole)
    }

    /// The tile with its loops, if it is not too large.
    fn fitting<'g>(self, loops: Vec<Uop<'g>>, bytes: usize) -> Option<(Vec<Uop<'g>>, Tile)> {
        (self.elements * bytes as i128 <= MOST_BYTES).then_some((loops, self))
    }

    /// Where the element at these indices is.
    fn place<'g>(&self, indices: &[Uop<'g>]) -> Uop<'g> {
        let each = |(index, step): (&Uop<'g>, &i64)| *index * *step;
        let place = |indices: &[Uop<'g>]| indices.iter().zip(&self.steps).map(each).reduce(|a, b| a + b);
        match (self.panels, indices) {
            (Some([piece, apart]), [others @ .., along]) => {
                let within = *along / piece * apart + *along % piece;
                place(others).map_or(within, |rows| rows + within)
            }
            _ => place(indices).unwrap_or_else(|| panic!("share: a tile without loops")),
        }
    }

    /// What stands for each of `loops` where the tile is copied, and the loops there: that along rows is one over pieces and
    /// one within them.
    fn copied<'g>(&self, loops: &[Uop<'g>]) -> (Vec<(Uop<'g>, Uop<'g>)>, Vec<Uop<'g>>) {
        let graph = loops[0].graph();
        let mut copies = renamed_as(graph, loops.iter().copied(), |_| Axis::Loop);
        let copied = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
        let mut there: Vec<_> = loops.iter().map(copied).collect();
        if let Some([piece, _]) = self.panels
            && let Some(row) = there.pop()
        {
            let pieces = graph.range(row.src(0) / piece, Axis::Loop);
            let within = graph.range(graph.index(piece), Axis::Loop);
            copies.iter_mut().filter(|(_, to)| *to == row).for_each(|(_, to)| *to = pieces * piece + within);
            there.extend([pieces, within]);
        }
        (copies, there)
    }
}
