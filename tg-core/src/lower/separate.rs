//! Before: reductions that stand in different loops may run over one RANGE. After: such reductions have
//! ranges of their own, so that every RANGE is one loop in one place.
//!
//! Reductions over one RANGE in one place stay together: they share the loop.

use crate::ir::{Op, Uop};
use crate::loops::{Nest, renamed, substitute};
use crate::symbolic::Simplifier;

/// Each round gives one reduction ranges of its own; a kernel has far fewer.
const MAX_ROUNDS: usize = 10_000;

pub(super) fn separate<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = kernel;
    for _ in 0..MAX_ROUNDS {
        let Some(reduce) = misplaced(kernel) else { return kernel };
        let own = reduce.srcs().skip(1).map(|range| (range, renamed(kernel.graph(), range)));
        kernel = kernel.replace(reduce, substitute(reduce, &own.collect::<Vec<_>>()));
    }
    panic!("separate: no end after {MAX_ROUNDS} rounds");
}

/// A REDUCE whose loops are claimed by another one elsewhere.
fn misplaced<'g>(kernel: Uop<'g>) -> Option<Uop<'g>> {
    let nest = Nest::new(kernel);
    let mut reductions = kernel.toposort().into_iter().rev().filter(|n| n.op() == Op::Reduce);
    reductions.find(|reduce| {
        let mut outer = nest.innermost(*reduce);
        reduce.srcs().skip(1).any(|range| nest.parent(range) != outer.replace(range))
    })
}
