//! Products of few rows: of a large factor each element is used once, so that nothing but reading it matters.
//!
//! The warps of a block have a part of the sum each. A thread loads 16 bytes of neighbouring columns for each of some steps,
//! straight into the registers that the matrix units take them from, as soon as it has room: no warp waits for another one
//! before its own part is summed up. Then all threads add up the parts.
//!
//! Which columns and steps a unit multiplies together is free. Its eight columns are eight apart, so that those of eight
//! units are the neighbours that a thread loads; and of the steps that two units add up a thread has eight neighbours, which
//! it loads of the other factor at once.

use super::Plan;
use super::product::Product;
use crate::ir::{Fragment, Uop};
use crate::loops::stride;
use crate::optimize::action::Action;
use crate::optimize::factors;
use crate::optimize::heuristic::size;
use crate::target::Isa;

/// Rows, all of which a unit multiplies.
const ROWS: i128 = 16;
/// Columns that a thread loads together, of a warp, and of a block.
const NEIGHBOURS: u32 = 8;
const COLUMNS: u32 = 64;
/// Steps that a warp loads before it multiplies: a thread has eight of them, in pairs, of which a unit takes two.
const STEPS: u32 = 32;
const STEPS_OF_THREAD: u32 = 8;
const STEPS_OF_UNIT: u32 = 4;
const PAIR: u32 = 2;
/// Warps of a block, from the most on.
const WARPS: [u32; 2] = [16, 8];
/// log₂ of the threads of a warp, and of those that have neighbouring columns.
const WARP_BITS: u32 = 5;
const COLUMN_BITS: u32 = NEIGHBOURS.trailing_zeros();
/// Bytes of an element.
const NARROW: u32 = 2;

/// A product of few rows that can be divided.
pub(super) struct Thin<'g> {
    rows: Uop<'g>,
    columns: Uop<'g>,
    depth: Uop<'g>,
    warps: u32,
}

impl<'g> Plan<'g, '_> {
    /// `product`, if it has few rows, and factors whose elements lie as they are to be loaded.
    pub(super) fn thin(&self, product: &Product<'g>) -> Option<Thin<'g>> {
        let ([rows], [columns], [depth]) = (&product.rows[..], &product.columns[..], &product.depth[..]) else {
            return None;
        };
        let (left, right) = factors(product.factors, *rows, *columns)?;
        let lies_along = |factor: Uop<'g>, range: &Uop<'g>| {
            let place = Fragment::of(factor).map(|(_, load)| load.src(0).src(1));
            place.is_some_and(|place| stride(place, *range) == Some(1))
        };
        // What is under way fills the registers, of which the code for earlier GPUs needs more.
        let has_room = self.isa == Isa::Sm90a;
        let is_loaded_well = lies_along(left, depth) && lies_along(right, columns) && product.bytes == NARROW;
        let is_even = rows.src(0).as_int() == Some(ROWS) && self.divides(*columns, COLUMNS.into());
        let steps = depth.src(0).as_int()?;
        let warps = WARPS.into_iter().find(|warps| steps % i128::from(warps * STEPS) == 0)?;
        (has_room && is_loaded_well && is_even).then_some(Thin { rows: *rows, columns: *columns, depth: *depth, warps })
    }

    /// Gives the warps of a block parts of the sum of `thin`.
    pub(super) fn by_parts_of_sum(&mut self, thin: Thin<'g>) -> Option<()> {
        let columns = self.tile_of_block(&[thin.columns], COLUMNS)?;
        let (eights, neighbours) = self.in_blocks(columns, NEIGHBOURS)?;
        let (_, steps) = self.in_blocks(thin.depth, thin.warps * STEPS)?;
        let (warps, steps) = self.in_blocks(steps, STEPS)?;
        let (threads, steps) = self.in_blocks(steps, STEPS_OF_THREAD)?;
        let (units, steps) = self.in_blocks(steps, STEPS_OF_UNIT)?;
        let (pairs, pair) = self.in_blocks(steps, PAIR)?;
        let depth = self.fused(&[pairs?, threads?, pair])?;
        let parts = self.act(Action::Divide { axis: self.place(warps?)? })?;
        let [warp, apart, rows, column] = parts[..] else { return None };
        self.over_threads(warp, WARP_BITS, WARP_BITS + thin.warps.trailing_zeros());
        let [rows, columns, depth] = [self.place(rows)?, self.place(column)?, self.place(depth)?];
        self.act(Action::Matrix { rows, columns, depth })?;
        for range in [apart, units?, warps?] {
            self.write_all_out(range);
        }
        self.over_results(thin, eights?, neighbours)
    }

    /// Shares the results of a block among its threads.
    fn over_results(&mut self, thin: Thin<'g>, eights: Uop<'g>, neighbours: Uop<'g>) -> Option<()> {
        let threads = thin.warps << WARP_BITS;
        let lanes = COLUMNS * ROWS as u32 / threads;
        let vectors = self.act(Action::Vectorize { axis: self.place(neighbours)?, lanes })?;
        let mut bit = self.over_threads(eights, 0, COLUMN_BITS);
        bit += self.over_threads(thin.rows, bit, bit + (size(thin.rows) as u32).trailing_zeros());
        self.over_threads(*vectors.first()?, bit, threads.trailing_zeros());
        Some(())
    }
}
