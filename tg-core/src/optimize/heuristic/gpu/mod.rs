//! The default actions for GPUs.
//!
//! 1. A product of matrices has a tile of the result for each block, with tiles of the factors in shared memory; that of
//!    f16 or bf16 goes to the matrix units ([`product`]).
//! 2. A reduction along memory gets a warp or a block for each row: neighbouring threads read neighbouring vectors of 16
//!    bytes, and what a thread reads of a row stays in its registers for the loops that come after ([`rows`]).
//! 3. A reduction across memory gets neighbouring threads for neighbouring results, and groups of threads that share each
//!    sum.
//! 4. Everything else is a thread for each result, or for a vector of 16 bytes of them.
//! 5. Loops over results that are left are blocks.

mod product;
mod rows;

use super::{Plan, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::loops::stride;
use crate::optimize::action::Action;

/// Bytes of the widest access.
const WIDEST: i64 = 16;
/// Threads of a block, where nothing asks for more or fewer.
const BLOCK: u32 = 256;
/// log₂ of [`BLOCK`].
const BLOCK_BITS: u32 = BLOCK.trailing_zeros();

impl<'g> Plan<'g, '_> {
    /// All actions for a GPU.
    pub(super) fn on_gpu(&mut self) {
        let is_tiled = self.product().is_some_and(|product| self.multiply(&product));
        if !is_tiled && self.has_reductions() {
            self.reductions();
        } else if !is_tiled {
            self.results(self.result_loops(), 0, BLOCK_BITS);
        }
        self.blocks();
    }

    fn has_reductions(&self) -> bool {
        self.kernel.toposort().into_iter().any(|n| n.op() == Op::Reduce)
    }

    /// The loops that results are stored over, outer before inner.
    fn result_loops(&self) -> Vec<Uop<'g>> {
        self.kernel.src(0).srcs().skip(2).collect()
    }

    /// Gives `loops` over results to threads, from the innermost on, until the bits `from..to` of the thread's number are
    /// used up. The innermost runs in vectors, if its elements are neighbours.
    fn results(&mut self, loops: Vec<Uop<'g>>, from: u32, to: u32) {
        let mut bit = from;
        for (i, range) in loops.into_iter().rev().enumerate() {
            let range = if i == 0 { self.in_vectors(range) } else { Some(range) };
            let Some(range) = range.filter(|_| bit < to) else { continue };
            bit += self.over_threads(range, bit, to);
        }
    }

    /// Runs `range` in vectors of as many bytes as an access can have; returns the loop over them.
    fn in_vectors(&mut self, range: Uop<'g>) -> Option<Uop<'g>> {
        let lanes = self.lanes(range);
        if lanes < 2 {
            return Some(range);
        }
        let Some(place) = self.place(range) else { return Some(range) };
        match self.act(Action::Vectorize { axis: place, lanes: lanes as u32 }) {
            Some(new) => new.first().copied(),
            None => Some(range),
        }
    }

    /// How many neighbours along `range` an access takes: as many as divide the loop, if most accesses that move with it
    /// go through neighbours.
    fn lanes(&self, range: Uop<'g>) -> i64 {
        let moving = |n: &Uop<'g>| matches!(n.op(), Op::Load | Op::Store) && n.src(0).src(1).depends_on(range);
        let accesses: Vec<_> = self.kernel.toposort().into_iter().filter(moving).collect();
        let is_even = |access: &Uop<'g>| {
            let index = access.src(0);
            stride(index.src(1), range) == Some(1) && index.srcs().nth(2).is_none_or(|valid| !valid.depends_on(range))
        };
        let widest = accesses.iter().map(|n| n.src(0).dtype().pointee().bytes() as i64).max().unwrap_or(WIDEST);
        let (even, uneven): (Vec<_>, Vec<_>) = accesses.iter().copied().partition(is_even);
        let count = |accesses: &[Uop<'g>]| accesses.iter().map(|a| self.elements(*a)).fold(0, i64::saturating_add);
        if count(&even) <= count(&uneven) || uneven.iter().any(|a| a.op() == Op::Store) {
            return 1;
        }
        let divides = |lanes: &i64| self.divides(range, *lanes) && self.is_aligned(&accesses, range, *lanes);
        std::iter::successors(Some(WIDEST / widest), |lanes| Some(lanes / 2))
            .take_while(|l| *l > 1)
            .find(divides)
            .unwrap_or(1)
    }

    fn divides(&self, range: Uop<'g>, by: i64) -> bool {
        crate::symbolic::simplify(range.src(0) % by).as_int() == Some(0)
    }

    /// Whether vectors of `lanes` along `range` begin at multiples of their size: all other terms of each place do.
    fn is_aligned(&self, accesses: &[Uop<'g>], range: Uop<'g>, lanes: i64) -> bool {
        accesses.iter().filter(|a| stride(a.src(0).src(1), range) == Some(1)).all(|access| {
            let others = crate::loops::terms(access.src(0).src(1)).into_iter().filter(|t| *t != range);
            others.into_iter().all(|t| crate::symbolic::simplify(t % lanes).as_int() == Some(0))
        })
    }

    /// Runs `range` in as many threads as the bits `from..to` tell apart, or as it has iterations; returns how many bits
    /// it took.
    fn over_threads(&mut self, range: Uop<'g>, from: u32, to: u32) -> u32 {
        let most = 1i128 << (to - from);
        let size = (range.src(0).vmax().min(most) as u32).next_power_of_two();
        if size < 2 {
            return 0;
        }
        let Some(range) = self.padded(range, size) else { return 0 };
        let action = |axis| Action::Thread { axis, size, bit: from as usize };
        let taken = self.place(range).and_then(|axis| self.act(action(axis)));
        if taken.is_some() { size.trailing_zeros() } else { 0 }
    }

    /// `range`, or what it became so that `size` divides it.
    fn padded(&mut self, range: Uop<'g>, size: u32) -> Option<Uop<'g>> {
        if self.divides(range, size.into()) {
            return Some(range);
        }
        self.act(Action::Pad { axis: self.place(range)?, size })?.into_iter().next()
    }

    /// Runs the loops over results that are left as blocks, but for those in which a block uses a sum again.
    fn blocks(&mut self) {
        let loops = self.result_loops();
        for range in loops.into_iter().filter(|r| self.is_around_all(*r)).collect::<Vec<_>>() {
            let axis = self.place(range);
            axis.and_then(|axis| self.act(Action::Grid { axis }));
        }
    }

    /// Whether all reductions vary with `range`.
    fn is_around_all(&self, range: Uop<'g>) -> bool {
        self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce).all(|n| n.src(0).depends_on(range))
    }

    /// How many elements `access` goes to.
    fn elements(&self, access: Uop<'g>) -> i64 {
        access.src(0).src(1).ranges().map(size).fold(1, i64::saturating_mul)
    }
}
