//! Where the operands of a tiled contraction are read from.
//!
//! The tile of results is `rows` × `columns` around the reduction `k`. One operand moves with the columns, in vectors
//! along them, and is read by every tile of rows: its panel (all of `k`, one tile of columns) is staged where it lies
//! in pieces far apart. The other moves with the rows, an element at a time: the panels of a block of tiles are staged
//! where their rows would fall into the same lines of a cache.

use super::accesses::falls_together;
use super::portions::PORTION;
use super::{Plan, blocks, is_fresh, is_reduce, size};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::prefetch::prefetchable;
use crate::optimize::stage::{is_in_order, is_lane, loads, operand as converted};

/// Bytes that the second-level cache is taken to hold of an operand: half of what some have, for two threads of a core share it,
/// of one program or of several.
pub(super) const NEAR: i64 = 512 << 10;
/// Bytes between elements from which each is on a line of its own, in a place that no prefetcher expects.
const JUMP: i64 = 1 << 10;
/// Tiles that read a panel, from which copying it pays.
pub(super) const READERS: i64 = 8;
/// Bytes of the rows of a block, which stay in the second-level cache, beside the panel that meets them and the next.
pub(super) const BLOCK: i64 = 512 << 10;
/// Most bytes of an operand that is put in order at once.
const PANEL: i64 = 1 << 20;
/// Most neighbours that are put in order together.
const NEIGHBOURS: i64 = 32;
/// How much more may be put in order to have blocks of as many neighbours as there are lanes.
const TWICE: f64 = 1.3;
/// Bytes of the panels of a group of columns, which stay in the last-level cache.
const GROUP: i64 = 4 << 20;
/// Most bytes of the panels of all columns that threads share: scratch memory, of which each thread uses its part.
const SHARED: i64 = 48 << 20;
/// Fewest panels for threads to share.
const SHARES: i64 = 16;
/// Rows of an operand from which all panels are copied together: few streams of memory, and long pieces of panels.
const ROWS: i64 = 4;
/// Numbers of threads that should have equal shares.
pub(super) const THREADS: [i64; 4] = [1, 2, 4, 8];
/// Time to copy an element of a row, in multiply-adds of a vector.
const COPY: f64 = 0.5;

/// The loops over the tiles of a contraction.
pub(super) struct Grid<'g> {
    /// The innermost loop of the reduction, and how many elements all of it combines.
    pub k: Uop<'g>,
    pub depth: i64,
    /// The loops over tiles; `None` where there is one.
    pub rows: Option<Uop<'g>>,
    pub columns: Option<Uop<'g>>,
    /// Rows of a tile.
    pub height: i64,
    /// Vectors in a row of a tile, and the lanes of each.
    pub width: (i64, i64),
}

impl<'g> Plan<'g, '_> {
    /// Blocks the loops over tiles, and stages what pays.
    pub(super) fn block(&mut self, grid: &Grid<'g>) {
        let Some(right) = self.operand(grid.k, true) else { return };
        let is_packed = self.pack(right, self.readers(right, grid.k).saturating_mul(grid.height));
        if self.kernel.arity() != 1 {
            return;
        }
        let left = self.operand(grid.k, false);
        let is_crowded = grid.height > self.isa.cache_ways() as i64;
        let stages_left = left.is_some_and(|l| {
            let pays = is_crowded && collides(l) || is_far(l, grid.k) || self.is_converted(l);
            self.readers(l, grid.k) >= READERS && pays
        });
        if is_packed {
            self.block_packed(grid);
        } else if self.readers(right, grid.k) >= READERS {
            match (grid.rows, grid.columns) {
                (Some(rows), Some(columns)) if is_far(right, grid.k) => {
                    return self.block_and_stage(grid, rows, columns, stages_left);
                }
                _ if !is_in_order(right) || self.is_converted(right) => self.stage_all(right, grid.k),
                _ => {}
            }
        }
        if let (Some(left), Some(rows)) = (left.filter(|_| stages_left), grid.rows) {
            self.stage(rows, left);
        }
    }

    /// Groups of columns, whose panels are copied once; in them blocks of rows; in these columns, then rows.
    fn block_and_stage(&mut self, grid: &Grid<'g>, rows: Uop<'g>, columns: Uop<'g>, stages_left: bool) {
        let outside = self.around(rows, columns);
        let bytes = grid.depth * 4;
        let (panel, panels) = (bytes * grid.width.0 * grid.width.1, size(columns));
        let block = (BLOCK / (grid.height * bytes)).max(1);
        let fits = columns.src(0).as_int().is_some() && panels * panel <= SHARED;
        if outside.is_empty() && !stages_left && panels >= SHARES && fits && block < size(rows) {
            return self.share_columns(grid.k, (rows, block), columns);
        }
        let together = group(panels, panel, grid.width.0);
        let (columns, _) = self.outermost(columns, 1);
        let (groups, _) = self.outermost(columns, together);
        let (blocks, _) = self.outermost(rows, block);
        let (groups, _) = self.outermost(groups, 1);
        for range in outside {
            self.outermost(range, 1);
        }
        if let (Some(left), Some(at)) = (self.operand(grid.k, false).filter(|_| stages_left), blocks.or(groups)) {
            self.stage(at, left);
        }
        if let (Some(right), Some(at)) = (self.operand(grid.k, true), groups.or(blocks)) {
            let copying = self.stage(at, right);
            self.prefetch_copied(&copying);
        }
    }

    /// Blocks of rows; in them columns, of which each thread has some, then rows. A thread copies its panels once, so that
    /// nothing is copied twice. They are more than stays near, so that one is asked for while the one before is read.
    fn share_columns(&mut self, k: Uop<'g>, (rows, block): (Uop<'g>, i64), columns: Uop<'g>) {
        let (columns, _) = self.outermost(columns, 1);
        let (blocks, _) = self.outermost(rows, block);
        if let Some(axis) = columns.and_then(|columns| self.place(columns)) {
            self.act(Action::Parallel { axis });
        }
        let (Some(blocks), Some(right)) = (blocks, self.operand(k, true)) else { return };
        let copying = self.stage(blocks, right);
        self.outermost(copying.first().copied(), ROWS);
        self.prefetch_panels(k);
    }

    /// Asks for the next panel of the copy that the loop `k` reads in vectors, while one is read.
    pub(super) fn prefetch_panels(&mut self, k: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        let is_panel =
            |l: &Uop<'g>| l.src(0).src(0).op() == Op::After && has_lanes(*l) && nest.innermost(*l) == Some(k);
        if let Some(load) = prefetchable(self.kernel).iter().position(is_panel) {
            self.act(Action::Prefetch { load });
        }
    }

    /// Asks for what the loops `copying` are going to copy, if they jump through memory from piece to piece.
    fn prefetch_copied(&mut self, copying: &[Uop<'g>]) {
        let nest = Nest::new(self.kernel);
        let jumps = |l: &Uop<'g>| {
            let around = nest.path(nest.innermost(*l)).into_iter().find(is_fresh);
            let around = around.filter(|r| copying.contains(r) && is_in_order(*l));
            let step = around.and_then(|r| stride(l.src(0).src(1), r)).unwrap_or(0);
            step.saturating_mul(l.dtype().bytes() as i64) >= JUMP
        };
        if let Some(load) = prefetchable(self.kernel).iter().position(jumps) {
            self.act(Action::Prefetch { load });
        }
    }

    /// Stages all that `load` reads in the outermost loop, or, if that is too much, in the one after; some of it at a time
    /// where it is too much in each.
    fn stage_all(&mut self, load: Uop<'g>, k: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        let is_inside = |at: Uop<'g>, r: &Uop<'g>| nest.depth(*r) > nest.depth(at);
        let bytes = |at: &Uop<'g>| {
            let inside = load.ranges().filter(|r| is_inside(*at, r)).map(size);
            inside.fold(load.dtype().bytes() as i64, i64::saturating_mul)
        };
        let has_lanes_inside = |at: &Uop<'g>| load.ranges().filter(is_lane).all(|r| is_inside(*at, &r));
        let around = nest.path(Some(k)).into_iter().rev().filter(|r| is_fresh(r) && !is_reduce(*r));
        let mut around = around.filter(has_lanes_inside);
        let at = around.find(|at| bytes(at) <= PANEL);
        let at_once = at.is_some_and(|at| bytes(&at) <= PORTION || self.batch(k).is_none());
        if let (Some(at), true) = (at, at_once || !self.stage_portions(load, k)) {
            let copying = self.stage(at, load);
            self.prefetch_copied(&copying);
        }
    }

    /// The one load in the loop `k` that is read in vectors, or the one that is not.
    pub(super) fn operand(&self, k: Uop<'g>, in_vectors: bool) -> Option<Uop<'g>> {
        let nest = Nest::new(self.kernel);
        let is_it = |l: &Uop<'g>| nest.innermost(*l) == Some(k) && has_lanes(*l) == in_vectors;
        let mut found = loads(self.kernel).into_iter().filter(is_it);
        found.next().filter(|_| found.next().is_none())
    }

    /// Whether more is done to what `load` reads than to read it: once, if it is staged.
    fn is_converted(&self, load: Uop<'g>) -> bool {
        converted(self.kernel, load) != load
    }

    /// How many tiles read the same of `load`.
    fn readers(&self, load: Uop<'g>, k: Uop<'g>) -> i64 {
        let others = |r: &Uop<'g>| is_fresh(r) && !is_reduce(*r) && !load.depends_on(*r);
        let nest = Nest::new(self.kernel);
        nest.path(Some(k)).into_iter().filter(others).map(size).fold(1, i64::saturating_mul)
    }

    /// The loops around those over tiles, inner before outer.
    pub(super) fn around(&self, rows: Uop<'g>, columns: Uop<'g>) -> Vec<Uop<'g>> {
        let nest = Nest::new(self.kernel);
        let is_outside = |r: &Uop<'g>| *r != rows && *r != columns && is_fresh(r) && !is_reduce(*r);
        let depth = nest.depth(rows).min(nest.depth(columns));
        nest.path(Some(rows)).into_iter().filter(|r| is_outside(r) && nest.depth(*r) < depth).collect()
    }

    /// Runs `axis` in blocks of `by`, outside all other loops; returns the loops over and inside of blocks.
    pub(super) fn outermost(
        &mut self,
        axis: impl Into<Option<Uop<'g>>>,
        by: i64,
    ) -> (Option<Uop<'g>>, Option<Uop<'g>>) {
        let Some(axis) = axis.into() else { return (None, None) };
        if by > 1 && by >= size(axis) {
            return (None, Some(axis));
        }
        let tile = self.place(axis).and_then(|place| self.act(Action::Tile { axis: place, size: by as u32 }));
        match tile.as_deref() {
            Some(&[outer, inner]) => (Some(outer), Some(inner)),
            Some(&[moved]) => (Some(moved), Some(moved)),
            _ => (None, Some(axis)),
        }
    }

    /// Stages `load` at the loop `at`; what is then copied element by element is copied in vectors. Returns the loops of
    /// the copy, as they were before that.
    pub(super) fn stage(&mut self, at: Uop<'g>, load: Uop<'g>) -> Vec<Uop<'g>> {
        let place = loads(self.kernel).into_iter().position(|l| l == load);
        let (Some(axis), Some(place)) = (self.place(at), place) else { return vec![] };
        let lanes = self.isa.vector_bytes() / load.dtype().bytes();
        let (in_vectors, in_order) = (has_lanes(load), is_in_order(load));
        let copying = self.act(Action::Stage { axis, load: place }).unwrap_or_default();
        let nest = Nest::new(self.kernel);
        let innermost = copying.iter().copied().max_by_key(|r| nest.depth(*r)).filter(|_| !in_vectors);
        if let Some(row) = innermost {
            self.vectorize(row, lanes as u32, 1);
        } else if in_vectors && !in_order {
            self.write_out_neighbours(&copying);
        }
        copying
    }

    /// Writes out those of the loops `inside` that move through neighbours in memory, of which each lane has its own: these are
    /// then put in order together. Returns whether there are any.
    pub(super) fn write_out_neighbours(&mut self, inside: &[Uop<'g>]) -> bool {
        let is_there = |l: &Uop<'g>| inside.iter().any(|r| l.depends_on(*r)) && !is_in_order(*l);
        let Some(load) = loads(self.kernel).into_iter().find(is_there) else { return false };
        let (mut through, mut together) = (vec![], 1);
        let next = |together| inside.iter().find(|r| stride(load.src(0).src(1), **r) == Some(together));
        while let Some(range) = next(together).filter(|r| r.src(0).vmax() <= (NEIGHBOURS / together).into()) {
            through.push(*range);
            together *= size(*range);
        }
        self.write_out_together(&through, together, lanes(load));
        !through.is_empty()
    }

    /// Writes out the loops `through`, inner before outer, which have `count` iterations: all, or as many of them at a time as
    /// there are `lanes`, where that leaves few to be done twice.
    fn write_out_together(&mut self, through: &[Uop<'g>], count: i64, lanes: i64) {
        let in_blocks = blocks(count, lanes) * lanes;
        if count <= lanes || in_blocks as f64 > count as f64 * TWICE {
            for range in through {
                self.unroll(Some(*range), size(*range) as u32);
            }
            return;
        }
        let mut all = through[0];
        for outer in &through[1..] {
            let (Some(outer), Some(inner)) = (self.place(*outer), self.place(all)) else { return };
            let Some(&[fused]) = self.act(Action::Fuse { outer, inner }).as_deref() else { return };
            all = fused;
        }
        self.unroll(Some(all), lanes as u32);
    }
}

/// How many lanes read what `load` does.
fn lanes(load: Uop) -> i64 {
    load.ranges().filter(is_lane).map(size).product()
}

pub(super) fn has_lanes(load: Uop) -> bool {
    load.ranges().any(|r| is_lane(&r))
}

/// Whether what `load` reads in the loop `k` lies far apart, and does not fit near the processor.
fn is_far(load: Uop, k: Uop) -> bool {
    lies_far(load.src(0), k)
}

/// [`is_far`] for the address of a load.
pub(super) fn lies_far(address: Uop, k: Uop) -> bool {
    let jump = stride(address.src(1), k).unwrap_or(0).saturating_mul(address.dtype().pointee().bytes() as i64);
    jump >= JUMP && jump.saturating_mul(size(k)) > NEAR
}

/// Whether the rows of a tile that `load` reads fall into the same lines of a cache.
fn collides(load: Uop) -> bool {
    let is_row = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Unroll));
    load.ranges().filter(is_row).any(|row| falls_together(load.src(0), row))
}

/// How many of `panels` panels of `bytes` bytes make a group: few enough to stay near, enough to pay for copying the rows
/// that read them, and such that threads get equal shares. A panel has `vectors` vectors.
fn group(panels: i64, bytes: i64, vectors: i64) -> i64 {
    let most = (GROUP / bytes.max(1)).clamp(1, panels.max(1));
    let time = |by: i64| {
        let groups = blocks(panels, by);
        let shares = THREADS.iter().map(|threads| (blocks(groups, *threads) * threads * by) as f64).sum::<f64>();
        shares * (1.0 + COPY / (by * vectors) as f64)
    };
    (1..=most).min_by(|a, b| time(*a).total_cmp(&time(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Graph;
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    #[test]
    fn groups_of_columns_are_near_and_even() {
        for (panels, bytes) in [(64, 256 << 10), (147, 1 << 20), (2, 100), (1, 1 << 30)] {
            let by = group(panels, bytes, 2);
            assert!(by >= 1 && by <= panels && (by == 1 || by * bytes <= GROUP), "{by}");
        }
        // Eight threads get one group each, although larger ones would be near.
        assert_eq!(group(64, 1 << 10, 2), 8);
    }

    #[test]
    fn panels_ask_for_what_they_are_copied_from() {
        for (n, asks) in [(512, true), (128, false)] {
            let g = Graph::new();
            let range = |axis| g.range(g.index(n), axis);
            let (i, j, k) = (range(Axis::Loop), range(Axis::Loop), range(Axis::Reduce));
            let load = |slot, at| g.global(DType::F32, slot).element(at, None).load();
            let sum = (load(0, i * n + k) * load(1, k * n + j)).reduce(Op::Add, &[k]);
            let kernel = g.sink(&[g.global(DType::F32, 2).element(i * n + j, None).store(sum, &[i, j])]);
            let found = heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string();
            assert_eq!(found.contains("stage(0,1) prefetch(1)"), asks, "{found}");
        }
    }
}
