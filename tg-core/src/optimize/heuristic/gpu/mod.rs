//! The default actions for GPUs.
//!
//! 1. A product of matrices has a tile of the result for each block, with tiles of the factors in shared memory; that of
//!    f16 or bf16 goes to the matrix units ([`product`]), from memory without such tiles if it has few rows ([`thin`]). So does one that sums over several loops, as a convolution does
//!    over channels and taps ([`steps`]).
//! 2. A reduction along memory gets a warp or a block for each row: neighbouring threads read neighbouring vectors of 16
//!    bytes, and what a thread reads of a row stays in its registers for the loops that come after ([`rows`]).
//! 3. A reduction across memory gets neighbouring threads for neighbouring results, and groups of threads that share each
//!    sum.
//! 4. What exchanges axes has vectors along one of them, and neighbouring threads along the other ([`transposed`]).
//! 5. Everything else is a thread for each result, or for a vector of 16 bytes of them.
//! 6. Loops over results that are left are blocks.

mod product;
mod rows;
mod steps;
mod thin;
mod transposed;
mod units;
mod vectors;

use super::{Plan, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::optimize::action::Action;

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
        } else if !is_tiled && !self.exchange() {
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
}
