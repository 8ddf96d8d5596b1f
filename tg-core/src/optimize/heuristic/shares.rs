//! What threads have shares of: the outermost loop over results. Where that has too few iterations for equal shares, each
//! is a row of tiles, and threads share the tiles: of 3 rows one of two threads gets 2, of their 21 tiles it gets 11.

use std::cmp::Reverse;

use super::contraction::THREADS;
use super::{Plan, blocks, is_reduce, size};
use crate::ir::{Arg, Axis, Uop};
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::apply::is_over_results;

/// How much of the time threads may be idle, all of [`THREADS`] together.
const UNEVEN: f64 = 0.04;

impl<'g> Plan<'g, '_> {
    /// Gives the outermost loop over results that has more than one iteration to the threads.
    pub(super) fn share(&mut self) {
        if is_shared(self.kernel) {
            return;
        }
        if let Some([outer, inner]) = rows_of_tiles(self.kernel).map(|pair| pair.map(|range| self.place(range))) {
            outer.zip(inner).and_then(|(outer, inner)| self.act(Action::Fuse { outer, inner }));
        }
        if let Some(axis) = shared_loop(self.kernel) {
            self.act(Action::Parallel { axis });
        }
    }
}

/// The place of the outermost loop over results that is worth sharing among threads.
pub(in super::super) fn shared_loop(kernel: Uop) -> Option<usize> {
    let nest = Nest::new(kernel);
    let loops = nest.loops();
    let is_outermost = |r: &Uop<'_>| nest.depth(*r) == 0 && is_loop(r) && is_over_results(kernel, *r);
    let longest = loops.iter().copied().filter(is_outermost).max_by_key(|r| (size(*r), Reverse(*r)))?;
    loops.iter().position(|r| *r == longest)
}

/// Whether threads share a loop already.
pub(in super::super) fn is_shared(kernel: Uop) -> bool {
    Nest::new(kernel).loops().iter().any(|r| matches!(r.arg(), Arg::Range(_, Axis::Parallel)))
}

fn is_loop(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Loop)) && size(*range) > 1
}

fn is_written_out(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Unroll | Axis::Lane))
}

/// The loop that threads would share, if it makes uneven shares, and the one over tiles inside of it, each of which is a sum.
fn rows_of_tiles(kernel: Uop) -> Option<[Uop; 2]> {
    let nest = Nest::new(kernel);
    let rows = nest.loops()[shared_loop(kernel)?];
    let &[tiles] = &inside(&nest, rows)[..] else { return None };
    let are_known = [rows, tiles].iter().all(|r| r.src(0).as_int().is_some());
    let are_sums = inside(&nest, tiles).into_iter().any(is_reduce);
    (idle(size(rows)) > UNEVEN && are_known && is_loop(&tiles) && are_sums).then_some([rows, tiles])
}

/// The loops next inside of `range`, but for those that are written out.
fn inside<'g>(nest: &Nest<'g>, range: Uop<'g>) -> Vec<Uop<'g>> {
    let around = |r: Uop<'g>| nest.path(nest.parent(r)).into_iter().find(|r| !is_written_out(r));
    nest.loops().into_iter().filter(|r| !is_written_out(r) && around(*r) == Some(range)).collect()
}

/// How much of the time threads are idle that share `count` iterations, all of [`THREADS`] together: the more, the less even
/// their shares are.
pub(super) fn idle(count: i64) -> f64 {
    THREADS.iter().map(|threads| 1.0 - count as f64 / (blocks(count, *threads) * threads) as f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_iterations_make_uneven_shares() {
        assert_eq!(idle(16), 0.0);
        assert!(idle(4) > idle(32) && idle(9) > idle(171));
        assert!(idle(3) > 1.0);
        assert!(idle(37) > UNEVEN);
        assert!(idle(1001) < UNEVEN);
    }
}
