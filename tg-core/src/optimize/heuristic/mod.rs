//! The default actions: chosen from how each load moves with each loop, and from the register file.
//!
//! For GPUs, see [`gpu`]. For processors:
//!
//! 1. What several loops of a row need, and is a reduction itself, is computed for some rows first; so are sums of products of
//!    which windows are reduced, where a row has few windows.
//! 2. What a reduction computes at some cost, and a later loop needs again, is kept in scratch memory.
//! 3. What is zero around its elements is copied with the zeros, some rows at a time, so that it is read
//!    without conditions. Where many such rows are zeros, sums over rows leave those out in the end. Where the copy would
//!    take longer than the few conditions that then remain, or none do in tiles of whole rows, it is read where it is.
//! 4. Results that are short windows run several windows at a time.
//! 5. Short sums with the numbers of a table have all of its results written out, and lanes along what the table does not know.
//! 6. A sum of short runs that lie apart in memory, with those of other results between, takes them in the order of memory; so
//!    does a sum of products over more than a cache holds.
//! 7. Each innermost loop is given vectors, along itself or along a loop around it, whichever makes the
//!    fewest instructions per element: a neighbour in memory is one load for all lanes, the same element
//!    for all lanes a broadcast, what is near a load and a shuffle, anything else a load for each lane.
//! 8. A reduction around which results share operands is tiled: as many results in registers as the
//!    register file holds, shaped for the fewest loads per operation, from two loops or, where they are short, three.
//!    One whose results share nothing gets several accumulators, so that additions do not wait for each other.
//!    Of windows that overlap along a row, the steps in a row are written out. Where a sum adds up sums, there is room for both,
//!    if fewer results are as fast.
//!    One that reads a large operand for few results goes through it in the order of memory, and adds up in memory.
//! 9. Operands of a tiled reduction that would be read in jumps through memory are staged. Threads then share the loop
//!    over columns, and each stages its own. What is copied in jumps is asked for. Those that are constant between calls are packed.
//! 10. A tile of results to which much is done afterwards is kept in scratch memory, so that this is a loop.
//! 11. Results larger than the caches go past them. What is computed from an element alone asks for what it reads.
//! 12. The next of rows that are read more than once is asked for, and so are those of a large matrix that is read some rows at a time.
//! 13. Where threads share no loop yet, they share the outermost over results, or the tiles of two loops.
//! 14. Some steps of a tiled sum are written out.
//! 15. What the next iteration of the shared loop goes through, or of one in it, is asked for.

mod accesses;
mod ahead;
mod bands;
mod constants;
mod contraction;
mod far;
mod gpu;
mod pooled;
mod portions;
mod rows;
mod settle;
mod shares;
mod steps;
mod streams;
mod sweep;
mod tabulated;
mod taps;
mod tile;
mod windowed;

use self::accesses::{Accesses, Choice};
use self::bands::Edges;
use self::contraction::Grid;
pub(super) use self::shares::{is_shared, shared_loop};
use self::tile::{CHAINS, Tile, best_divisor};
use super::action::{Action, Actions};
use super::apply::{is_over_results, overwrites_what_it_reads};
use super::stage::is_lane;
use crate::dtype::Space;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::Nest;
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// A size that is not known is taken to be this, or its largest value.
const TYPICAL: i64 = 256;
/// Results of at least as many bytes are taken to be too large, with as large operands, for the last-level cache.
const STREAMED: i128 = 16 << 20;
/// A reduction of at most this many elements is written out.
const SHORT: i64 = 16;

/// The actions for `kernel` on `isa`, and the kernel after them.
pub fn heuristic<'g>(kernel: Uop<'g>, isa: Isa, simplifier: &mut Simplifier<'g>) -> (Actions, Uop<'g>) {
    let mut plan = Plan { kernel, isa, actions: Actions::default(), simplifier };
    if isa.is_gpu() {
        plan.on_gpu()
    } else {
        plan.on_processor()
    }
    (plan.actions, plan.kernel)
}

struct Plan<'g, 'a> {
    kernel: Uop<'g>,
    isa: Isa,
    actions: Actions,
    simplifier: &'a mut Simplifier<'g>,
}

/// Loops with no loop inside, the one that runs most often first.
fn leaves(kernel: Uop) -> Vec<Uop> {
    let nest = Nest::new(kernel);
    let loops = nest.loops();
    let mut leaves: Vec<_> =
        loops.iter().copied().filter(|l| loops.iter().all(|o| nest.parent(*o) != Some(*l))).collect();
    leaves.sort_by_key(|l| {
        (std::cmp::Reverse(nest.path(Some(*l)).into_iter().map(size).fold(1, i64::saturating_mul)), *l)
    });
    leaves
}

fn size(range: Uop) -> i64 {
    let size = range.src(0);
    size.as_int().unwrap_or(size.vmax().min(TYPICAL as i128)) as i64
}

/// How many blocks of `by` cover `count`.
fn blocks(count: i64, by: i64) -> i64 {
    (count + by - 1) / by
}

/// Whether results are larger than the caches, and not read by the kernel itself.
fn is_streamed(kernel: Uop) -> bool {
    let nest = Nest::new(kernel);
    let bytes = |store: Uop| {
        let mut trips = nest.path(store.srcs().skip(2).last()).into_iter().map(|r| r.src(0).as_int());
        trips.try_fold(store.src(1).dtype().bytes() as i128, |a, b| a.checked_mul(b?))
    };
    let total: Option<i128> = kernel.srcs().map(bytes).sum();
    total.is_some_and(|t| t >= STREAMED) && !overwrites_what_it_reads(kernel)
}

fn is_reduce(range: Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Reduce))
}

/// Whether what is stored over `range` is computed, and not a copy.
fn computes<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let over = |s: &Uop<'g>| s.op() == Op::Store && s.srcs().skip(2).any(|r| r == range);
    let copies = |s: Uop<'g>| s.src(0).src(0).dtype().space == Some(Space::Local) && s.src(1).op() == Op::Load;
    is_over_results(kernel, range)
        || kernel.toposort().into_iter().filter(over).any(|s| !copies(s) && s.src(1).op() != Op::Const)
}

/// How many elements the reduction of a chain of loops combines.
fn reduced(chain: &[Uop]) -> i64 {
    chain.iter().filter(|r| is_reduce(**r)).map(|r| size(*r)).fold(1, i64::saturating_mul)
}

/// Whether an action can still be applied to `range`.
fn is_fresh(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Loop | Axis::Reduce))
}

impl<'g> Plan<'g, '_> {
    fn on_processor(&mut self) {
        self.pooled();
        self.ahead();
        self.keep();
        let before = (self.kernel, self.actions.clone());
        for edges in [Edges::Open, Edges::Trimmed, Edges::Read] {
            (self.kernel, self.actions) = before.clone();
            if self.shaped(edges) {
                break;
            }
        }
        self.write_out_steps();
        self.look_ahead();
    }

    /// Shapes all loops; returns whether `edges` could be kept to.
    fn shaped(&mut self, edges: Edges) -> bool {
        // Before loops are cut into blocks, of which not all are equally long.
        let streams = is_streamed(self.kernel);
        let trimmed = self.border(edges);
        let leaves = if self.windowed() { vec![] } else { leaves(self.kernel) };
        for leaf in leaves {
            self.in_order(leaf);
            self.shape(leaf);
        }
        self.settle();
        if streams {
            self.act(Action::Stream {});
        }
        self.rows();
        self.in_turn();
        self.share();
        self.trim(trimmed) == trimmed
    }

    /// Vectors, tile and staging of one innermost loop, if it is still there.
    fn shape(&mut self, leaf: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        if !nest.loops().contains(&leaf) || !(is_reduce(leaf) || computes(self.kernel, leaf)) {
            return;
        }
        let chain = nest.path(Some(leaf));
        let accesses = Accesses::of(self.kernel, &nest, leaf);
        // Lanes of two loops do not mix.
        let has_lanes = chain.iter().any(is_lane);
        if has_lanes && self.write_out_neighbours(&[leaf]) {
            return;
        }
        let choice = accesses.best(self.isa, &chain).filter(|_| !has_lanes);
        let known = chain.iter().all(|r| !is_reduce(*r) || r.src(0).as_int().is_some());
        // A product of which more is stored than fits the caches is tiled, and so stored in the order of memory.
        let is_stored_far = accesses.loads.len() > 1 && is_streamed(self.kernel);
        if !has_lanes && self.tabulated(leaf, &chain, &accesses) {
            return;
        }
        let short = is_reduce(leaf) && known && reduced(&chain) <= SHORT && !is_stored_far;
        if short && choice.is_some_and(|c| c.axis != leaf) {
            return self.write_out(leaf, &chain, &accesses, choice);
        }
        if choice.is_some_and(|choice| self.kernel.arity() == 1 && self.sweep(leaf, &chain, &accesses, choice)) {
            return;
        }
        if choice.is_some_and(|choice| self.streams(leaf, choice)) {
            return;
        }
        let tile = Tile::of(&accesses, leaf, &chain, choice, self.isa);
        let outer = self.apply_tile(&tile, choice);
        let rectangle = tile.parts.iter().all(|part| !is_reduce(part.0));
        if let (&[a, b, ..], Some(choice)) = (&outer[..], choice.filter(|c| rectangle && !is_reduce(c.axis))) {
            let [(first, in_a), (_, in_b)] = [tile.parts[0], tile.parts[1]];
            let (columns, rows, (width, height)) =
                if first == choice.axis { (a, b, (in_a, in_b)) } else { (b, a, (in_b, in_a)) };
            let (width, height) = ((width as i64, choice.lanes), height as i64);
            self.block(&Grid { k: leaf, depth: reduced(&chain), rows, columns, height, width });
        }
        self.write_out_taps(leaf);
    }

    /// Vectorizes and unrolls; returns the loop over the blocks of each part of the tile.
    fn apply_tile(&mut self, tile: &Tile<'g>, choice: Option<Choice<'g>>) -> Vec<Option<Uop<'g>>> {
        let by = |axis: Uop<'g>| tile.parts.iter().find(|part| part.0 == axis).map_or(1, |part| part.1);
        // Split before the other loops of the tile: what they leave over is then still wide.
        let vectors = choice.map(|c| (c.axis, self.vectorize(c.axis, c.lanes as u32, by(c.axis))));
        let mut outer = vec![];
        for &(axis, by) in &tile.parts {
            let around = vectors.filter(|v| v.0 == axis);
            outer.push(around.map_or_else(|| self.unroll(Some(axis), by), |v| v.1));
        }
        outer
    }

    /// A short reduction without its loop: what does not vary with the inner loop over results is loaded
    /// before it, so the loop along the vectors goes outside.
    fn write_out(&mut self, leaf: Uop<'g>, chain: &[Uop<'g>], accesses: &Accesses<'g>, choice: Option<Choice<'g>>) {
        self.unroll(Some(leaf), size(leaf) as u32);
        let Some(choice) = choice else { return };
        let outer = self.vectorize(choice.axis, choice.lanes as u32, 1);
        let row = chain.iter().copied().find(|r| !is_reduce(*r) && *r != choice.axis);
        if let Some(row) = row {
            self.unroll(Some(row), best_divisor(size(row), CHAINS));
        }
        let outer = outer.filter(|_| row.is_some_and(|row| accesses.still(row) > 0));
        if let Some(axis) = outer.and_then(|o| self.place(o)).filter(|place| *place > 0) {
            self.act(Action::Tile { axis, size: 1 });
        }
    }

    fn place(&self, range: Uop<'g>) -> Option<usize> {
        Nest::new(self.kernel).loops().iter().position(|r| *r == range)
    }

    /// Applies an action; returns the loops it made that further actions can be applied to, in the order in which
    /// they were made: what is around comes before what is inside, and blocks before what they leave over.
    fn act(&mut self, action: Action) -> Option<Vec<Uop<'g>>> {
        let before = Nest::new(self.kernel).loops();
        self.kernel = action.apply(self.kernel, self.simplifier).ok()?;
        self.actions.0.push(action);
        let new = Nest::new(self.kernel).loops().into_iter().filter(|r| is_fresh(r) && !before.contains(r));
        let mut new: Vec<_> = new.collect();
        new.sort_unstable();
        Some(new)
    }

    /// Runs `axis` in vectors, `by` of them written out; returns the loop over what is written out together.
    fn vectorize(&mut self, axis: Uop<'g>, lanes: u32, by: u32) -> Option<Uop<'g>> {
        let (count, width) = (size(axis), (lanes * by) as i64);
        let block = [width, lanes as i64].into_iter().find(|b| *b <= count)?;
        let (around, axis) = self.overlap(axis, block as u32);
        let vectors = self.act(Action::Vectorize { axis: self.place(axis)?, lanes })?.first().copied();
        match around {
            // One block is one vector: they are written out themselves.
            Some(around) if vectors.is_none() => self.unroll(Some(around), by),
            Some(around) => {
                self.unroll(vectors, by);
                Some(around)
            }
            None => self.unroll(vectors, by),
        }
    }

    /// Runs `axis` in overlapping blocks of `block`, where that does not divide it; returns the loops over and inside
    /// of the blocks, or none and `axis` as it is.
    fn overlap(&mut self, axis: Uop<'g>, block: u32) -> (Option<Uop<'g>>, Uop<'g>) {
        let divides = axis.src(0).as_int().is_none_or(|n| n % block as i128 == 0);
        match self.place(axis).filter(|_| !divides) {
            Some(place) => match self.act(Action::Overlap { axis: place, size: block }).as_deref() {
                Some(&[around, inside]) => (Some(around), inside),
                _ => (None, axis),
            },
            None => (None, axis),
        }
    }

    /// Writes out `by` iterations of `axis` at a time; returns the loop over them.
    fn unroll(&mut self, axis: Option<Uop<'g>>, by: u32) -> Option<Uop<'g>> {
        let axis = axis?;
        if by <= 1 {
            return Some(axis);
        }
        let (around, axis) = if is_reduce(axis) { (None, axis) } else { self.overlap(axis, by) };
        let outer = self.act(Action::Unroll { axis: self.place(axis)?, by })?.first().copied();
        around.or(outer)
    }

    /// Keeps what reductions compute and later loops would compute again.
    fn keep(&mut self) {
        for axis in 0..Nest::new(self.kernel).loops().len() {
            self.act(Action::Keep { axis });
        }
    }
}
