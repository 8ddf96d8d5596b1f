//! Much that is done to each result of a tile: with the tile in scratch memory it is a loop, instead of being written out for
//! each. Storing and loading a result takes as long as some additions to it, of which there are hundreds, and the text, which a
//! C compiler takes its time for, is a part of what it was.

use super::{Plan, is_reduce, size};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::stage::is_in_order;
use crate::schedule::operation;

/// Fewest operations on all vectors of a tile that are worth a loop.
const MUCH: f64 = 150.0;
/// The same, times the elements of each sum: the more these are, the less does storing and loading it count.
const WORTH: f64 = 150_000.0;
/// What an access to elements that lie apart in memory is worth, in operations: they are put in order by about as many shuffles.
const APART: f64 = 8.0;

impl<'g> Plan<'g, '_> {
    /// Keeps the tile of the deepest reduction in scratch memory, if much is done to its results.
    pub(super) fn settle(&mut self) {
        let adds_up = self.actions.0.iter().any(|a| matches!(a, Action::Accumulate { .. }));
        let Some(reduce) = deepest(self.kernel).filter(|_| !adds_up && self.kernel.arity() == 1) else { return };
        let work = written_out(reduce) as f64 * self.work_after(reduce);
        if work < MUCH || work * (depth(reduce) as f64) < WORTH {
            return;
        }
        let nest = Nest::new(self.kernel);
        let around = reduce.ranges().filter(|r| matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Parallel)));
        let Some(at) = around.max_by_key(|r| nest.depth(*r)).and_then(|r| self.place(r)) else { return };
        let k = reduce.srcs().skip(1).find(|r| is_reduce(*r) && r.src(0).as_int().is_some());
        if let Some((axis, size)) = k.and_then(|k| Some((self.place(k)?, size(k) as u32))) {
            self.act(Action::Accumulate { axis, size, at });
        }
    }

    /// Operations on a vector outside of `reduce`.
    fn work_after(&self, reduce: Uop<'g>) -> f64 {
        let inside = reduce.toposort();
        let after = self.kernel.toposort().into_iter().filter(|n| !inside.contains(n));
        let work = |n: Uop<'g>| match n.op() {
            Op::Load | Op::Store if !is_in_order(n) => APART,
            op if op.is_alu() && !n.dtype().is_index() => operation(op),
            _ => 0.0,
        };
        after.map(work).sum()
    }
}

/// The reduction of `kernel` that combines most elements for a result, those of reductions in it included.
fn deepest(kernel: Uop) -> Option<Uop> {
    kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce).max_by_key(|n| depth(*n))
}

/// How many elements `reduce` combines, through all reductions in it.
fn depth(reduce: Uop) -> i64 {
    let own = |n: Uop| n.srcs().skip(1).map(size).fold(1, i64::saturating_mul);
    let inner = reduce.src(0).toposort().into_iter().filter(|n| n.op() == Op::Reduce).map(own).max();
    own(reduce).saturating_mul(inner.unwrap_or(1))
}

/// How many vectors of results of `reduce` are written out; 0 if they are no vectors.
fn written_out(reduce: Uop) -> i64 {
    let of_kind = |axis| reduce.ranges().filter(move |r| matches!(r.arg(), Arg::Range(_, kind) if *kind == axis));
    if of_kind(Axis::Lane).next().is_none() { 0 } else { of_kind(Axis::Unroll).map(size).product() }
}
