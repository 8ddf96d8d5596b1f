//! Before: reductions and stores that stand in different loops may run over one RANGE. After: they have
//! ranges of their own, so that every RANGE is one loop in one place.
//!
//! Those over one RANGE in one place stay together: they share the loop.

use crate::ir::Uop;
use crate::loops::{Nest, closes, renamed, substitute};
use crate::symbolic::Simplifier;

/// Each round gives one node ranges of its own; a kernel has far fewer.
const MAX_ROUNDS: usize = 10_000;

pub(super) fn separate<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = kernel;
    for _ in 0..MAX_ROUNDS {
        let Some((node, ranges)) = misplaced(kernel) else { return kernel };
        let own = renamed(kernel.graph(), ranges.into_iter());
        kernel = kernel.replace(node, substitute(node, &own));
    }
    panic!("separate: no end after {MAX_ROUNDS} rounds");
}

/// A node whose loops are claimed by another one elsewhere, and these loops.
fn misplaced<'g>(kernel: Uop<'g>) -> Option<(Uop<'g>, Vec<Uop<'g>>)> {
    let nest = Nest::new(kernel);
    let nodes = kernel.toposort().into_iter().rev();
    let mut closing = nodes.filter_map(|n| Some((n, n.srcs().skip(closes(n)?).collect::<Vec<_>>())));
    closing.find(|(node, ranges)| {
        let mut outer = nest.innermost(*node);
        ranges.iter().any(|range| nest.parent(*range) != outer.replace(*range))
    })
}
