//! Prefetching: a load is marked so that, while one iteration of a loop reads its part of memory, what the next iteration
//! will read is asked for, and what comes next in a part that the first-level cache does not hold. `lower/prefetch.rs` makes the
//! instructions.
//!
//! It pays where hardware does not see what comes next: the next panel of a copy that many results read over and over, or
//! the next row of a matrix whose rows are read more than once, or the next rows that a panel is
//! copied from, or, of a large matrix, the next of several rows that are read together.

use crate::ir::{Arg, Op, Uop};

/// The loads of `kernel` that vary with a loop, in order: what prefetching can name.
pub(super) fn prefetchable<'g>(kernel: Uop<'g>) -> Vec<Uop<'g>> {
    kernel.toposort().into_iter().filter(|n| n.op() == Op::Load && n.ranges().len() > 0).collect()
}

/// `kernel` with `load` marked.
pub(super) fn prefetched<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Uop<'g> {
    kernel.replace(load, load.with_arg(Arg::Prefetch))
}
