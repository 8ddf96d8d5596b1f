//! Operands of contractions that are constant between calls: packed, in whatever order they lie, for copying them costs
//! nothing in most calls.
//!
//! A panel is all of the reduction for one tile of columns. While a tile of rows reads it, it asks for a part of the next
//! one (`lower/prefetch.rs`), so that panels may come from the last-level cache.

use super::contraction::{BLOCK, Grid, NEAR, has_lanes};
use super::shares::idle;
use super::{Plan, is_reduce, size};
use crate::ir::Uop;
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::pack::is_constant;
use crate::optimize::stage::loads;

/// Results that share a constant operand, from which packing it pays: for one, to read it once in order is all there is.
pub(super) const PACKED: i64 = 2;

impl<'g> Plan<'g, '_> {
    /// Packs what `right` reads, and what is read of it for the results that tiles leave over, if it is constant between calls
    /// and `readers` results share it in each.
    pub(super) fn pack(&mut self, right: Uop<'g>, readers: i64) -> bool {
        if !is_constant(right) || readers < PACKED {
            return false;
        }
        let operand = right.src(0).src(0);
        let each = || self.unpacked(operand).and_then(|load| self.act(Action::Pack { load }));
        std::iter::from_fn(each).count() > 0
    }

    /// The place of a load of `operand` in vectors, by a reduction.
    fn unpacked(&self, operand: Uop<'g>) -> Option<usize> {
        let nest = Nest::new(self.kernel);
        let reduces = |l: &Uop<'g>| nest.innermost(*l).is_some_and(is_reduce);
        loads(self.kernel).iter().position(|l| l.src(0).src(0) == operand && has_lanes(*l) && reduces(l))
    }

    /// Columns, whose panels lie in order, then rows. Threads have shares of that of which they are more even. If both are,
    /// those of columns, so that each reads a part of the operand only, in blocks of rows; of an operand that is near anyway,
    /// shares of rows, which are then also those of the next layer.
    pub(super) fn block_packed(&mut self, grid: &Grid<'g>) {
        let Some(columns) = grid.columns else { return };
        if !self.around(grid.rows.unwrap_or(columns), columns).is_empty() {
            return;
        }
        let is_far = size(columns) * grid.depth * 4 * grid.width.0 * grid.width.1 > NEAR;
        let cost = |range: Uop<'g>, is_worse: bool| (idle(size(range)), is_worse);
        let shared = grid.rows.filter(|rows| cost(*rows, is_far) < cost(columns, !is_far));
        let (columns, _) = self.outermost(columns, 1);
        if shared.is_none() {
            self.outermost(grid.rows, (BLOCK / (grid.height * grid.depth * 4)).max(1));
        }
        if let Some(axis) = shared.or(columns).and_then(|shared| self.place(shared)) {
            self.act(Action::Parallel { axis });
        }
        self.prefetch_panels(grid.k);
    }
}
