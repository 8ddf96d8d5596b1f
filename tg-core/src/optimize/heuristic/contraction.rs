//! Where the operands of a tiled contraction are read from.
//!
//! The tile of results is `rows` × `columns` around the reduction `k`. One operand moves with the columns, in vectors
//! along them, and is read by every tile of rows: its panel (all of `k`, one tile of columns) is staged where it lies
//! in pieces far apart. The other moves with the rows, an element at a time: the panels of a block of tiles are staged
//! where their rows would fall into the same lines of a cache.

use super::{Plan, blocks, is_fresh, is_reduce, size};
use crate::ir::{Arg, Axis, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::stage::loads;

/// Bytes that the second-level cache is taken to hold of an operand.
const NEAR: i64 = 1 << 20;
/// Bytes between elements from which each is on a line of its own, in a place that no prefetcher expects.
const JUMP: i64 = 1 << 10;
/// Bytes between rows that fall into the same lines of a first-level cache.
const CONFLICT: i64 = 4 << 10;
/// Tiles that read a panel, from which copying it pays.
const READERS: i64 = 8;
/// Bytes of the panels of one block of rows.
const BLOCK: i64 = 1 << 20;
/// Numbers of threads that should have equal shares.
const THREADS: [i64; 4] = [1, 2, 4, 8];
/// Time to copy a vector of a panel, in multiply-adds of a vector.
const COPY: f64 = 3.0;

/// The loops over the tiles of a contraction.
struct Grid<'g> {
    k: Uop<'g>,
    rows: Uop<'g>,
    columns: Uop<'g>,
    /// Rows of a tile.
    height: i64,
}

impl<'g> Plan<'g, '_> {
    /// Blocks the loops over tiles of `height` rows, and stages what pays.
    pub(super) fn block(&mut self, k: Uop<'g>, rows: Uop<'g>, columns: Uop<'g>, height: i64) {
        let grid = Grid { k, rows, columns, height };
        let operands = self.operand(k, rows, columns).zip(self.operand(k, columns, rows));
        let Some((left, right)) = operands.filter(|_| self.kernel.arity() == 1) else { return };
        let stages_left = size(columns) >= READERS && (collides(left) || is_far(left, k));
        if is_far(right, k) && size(rows) >= READERS {
            self.block_and_stage(&grid, left, stages_left);
        } else if stages_left && Nest::new(self.kernel).path(Some(columns)).contains(&rows) {
            self.stage(rows, left);
        }
    }

    /// Columns inside of blocks of rows, rows of a block inside of columns, so that one panel serves a block.
    fn block_and_stage(&mut self, grid: &Grid<'g>, left: Uop<'g>, stages_left: bool) {
        let outside = self.around(grid);
        let by = rows_of_block(size(grid.rows), grid.height, size(grid.k) * left.dtype().bytes() as i64);
        let Some(columns) = self.outermost(grid.columns, 1) else { return };
        let Some(block) = self.outermost(grid.rows, by) else { return };
        for range in outside {
            self.outermost(range, 1);
        }
        if let Some(left) = self.operand(grid.k, block, columns).filter(|_| stages_left) {
            self.stage(block, left);
        }
        if let Some(right) = self.operand(grid.k, columns, block) {
            self.stage(columns, right);
        }
    }

    /// The one load in the loop `k` that moves with `with` and not with `without`.
    fn operand(&self, k: Uop<'g>, with: Uop<'g>, without: Uop<'g>) -> Option<Uop<'g>> {
        let nest = Nest::new(self.kernel);
        let is_it = |l: &Uop<'g>| nest.innermost(*l) == Some(k) && l.depends_on(with) && !l.depends_on(without);
        let mut found = loads(self.kernel).into_iter().filter(is_it);
        found.next().filter(|_| found.next().is_none())
    }

    /// The loops around those of `grid`, inner before outer.
    fn around(&self, grid: &Grid<'g>) -> Vec<Uop<'g>> {
        let nest = Nest::new(self.kernel);
        let is_outside = |r: &Uop<'g>| *r != grid.rows && *r != grid.columns && is_fresh(r) && !is_reduce(*r);
        let depth = nest.depth(grid.rows).min(nest.depth(grid.columns));
        nest.path(Some(grid.rows)).into_iter().filter(|r| is_outside(r) && nest.depth(*r) < depth).collect()
    }

    /// Runs `axis` in blocks of `by`, outside all other loops; returns the loop over blocks.
    fn outermost(&mut self, axis: Uop<'g>, by: i64) -> Option<Uop<'g>> {
        self.act(Action::Tile { axis: self.place(axis)?, size: by as u32 })?.first().copied()
    }

    fn stage(&mut self, at: Uop<'g>, load: Uop<'g>) {
        let load = loads(self.kernel).into_iter().position(|l| l == load);
        if let (Some(axis), Some(load)) = (self.place(at), load) {
            self.act(Action::Stage { axis, load });
        }
    }
}

/// Whether what `load` reads in the loop `k` lies far apart, and does not fit near the processor.
fn is_far(load: Uop, k: Uop) -> bool {
    let jump = stride(load.src(0).src(1), k).unwrap_or(0).saturating_mul(load.dtype().bytes() as i64);
    jump >= JUMP && jump.saturating_mul(size(k)) > NEAR
}

/// Whether the rows of a tile that `load` reads fall into the same lines of a cache.
fn collides(load: Uop) -> bool {
    let is_row = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Unroll));
    let apart = |r: Uop| stride(load.src(0).src(1), r).unwrap_or(0).saturating_mul(load.dtype().bytes() as i64);
    load.ranges().filter(is_row).map(apart).any(|bytes| bytes != 0 && bytes % CONFLICT == 0)
}

/// How many of `tiles` tiles of `height` rows of `bytes` bytes make a block: few enough to stay near, enough to pay
/// for copying the panel they share, and such that threads get equal shares.
fn rows_of_block(tiles: i64, height: i64, bytes: i64) -> i64 {
    let most = (BLOCK / (height * bytes).max(1)).clamp(1, tiles.max(1));
    let time = |by: i64| {
        let all = blocks(tiles, by);
        let shares = THREADS.iter().map(|threads| (blocks(all, *threads) * threads * by) as f64).sum::<f64>();
        shares * (1.0 + COPY / (by * height) as f64)
    };
    (1..=most).min_by(|a, b| time(*a).total_cmp(&time(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_rows_are_near_and_even() {
        for (tiles, height, bytes) in [(147, 14, 8192), (342, 6, 8192), (2, 6, 100), (1, 14, 1 << 30)] {
            let by = rows_of_block(tiles, height, bytes);
            assert!(by >= 1 && by <= tiles && (by == 1 || by * height * bytes <= BLOCK), "{by}");
        }
        // 64 tiles of 8 rows: a divisor, although more would be near.
        assert_eq!(64 % rows_of_block(64, 8, 2048), 0);
    }
}
