//! What several loops of a row need, and is a reduction itself, is computed first for some rows together: both the loops
//! that compute it and those that use it are then tiled like a product. So attention runs.

use super::{Plan, blocks, is_reduce, reduced, size};
use crate::ir::{Op, Uop};
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::apply::is_over_results;
use crate::optimize::precompute::{is_repeated, reductions};

/// Bytes of what is computed ahead for some rows: a part of the second-level cache.
const AHEAD: i64 = 256 << 10;
/// Rows that are computed together, at most and at least.
const ROWS: [i64; 2] = [32, 8];
/// Iterations of outer loops from which threads have enough to share.
const SHARES: i64 = 4;

impl<'g> Plan<'g, '_> {
    /// Blocks the rows of a kernel in which reductions combine reductions, and computes what those combine first.
    pub(super) fn ahead(&mut self) {
        let Some((rows, bytes)) = self.rows_ahead() else { return };
        let around: Vec<_> = Nest::new(self.kernel).path(Some(rows)).into_iter().skip(1).collect();
        let together = (AHEAD / bytes.max(1)).clamp(ROWS[1], ROWS[0]);
        let even = blocks(size(rows), blocks(size(rows), together));
        let (Some(_), Some(row)) = self.outermost(rows, even) else { return };
        if around.iter().map(|r| size(*r)).product::<i64>() >= SHARES {
            for range in around {
                self.outermost(range, 1);
            }
        }
        while let Some(axis) = Nest::new(self.kernel).parent(row).and_then(|around| self.place(around)) {
            let combined = self.combined();
            let all = reductions(self.kernel);
            let candidates: Vec<_> = (0..all.len()).rev().filter(|i| combined.contains(&all[*i])).collect();
            let mut tried = candidates.into_iter().map(|reduction| self.act(Action::Precompute { axis, reduction }));
            if !tried.any(|loops| loops.is_some()) {
                return;
            }
        }
    }

    /// The innermost loop over results around reductions that combine reductions, and the bytes of what one of its
    /// iterations computes ahead.
    fn rows_ahead(&mut self) -> Option<(Uop<'g>, i64)> {
        let (nest, combined) = (Nest::new(self.kernel), self.combined());
        let shared = |r: &Uop<'g>| {
            !is_reduce(*r) && is_over_results(self.kernel, *r) && combined.iter().all(|c| c.depends_on(*r))
        };
        let rows = nest.loops().into_iter().filter(shared).max_by_key(|r| nest.depth(*r))?;
        let bytes = |r: &Uop<'g>| r.dtype().bytes() as i64 * reduced(&r.srcs().skip(1).collect::<Vec<_>>());
        (!combined.is_empty() && size(rows) > 1).then(|| (rows, combined.iter().map(bytes).sum()))
    }

    /// The reductions of values that are computed by another reduction, each its own, and that another loop needs, or
    /// computes, too.
    fn combined(&mut self) -> Vec<Uop<'g>> {
        let all = reductions(self.kernel);
        let mut combined = all.clone();
        combined.retain(|reduction| {
            let own = |n: &Uop<'g>| reduction.srcs().skip(1).all(|r| n.depends_on(r));
            let inner = reduction.src(0).toposort().into_iter().any(|n| n.op() == Op::Reduce && own(&n));
            let needs_it = |n: &Uop<'g>| n != reduction && n.toposort().contains(reduction);
            inner && (all.iter().any(needs_it) || is_repeated(self.kernel, *reduction, self.simplifier))
        });
        combined
    }
}
