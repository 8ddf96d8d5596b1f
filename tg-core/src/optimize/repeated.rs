//! What each share of a kernel does for itself: copies into scratch memory that are the same in all shares, and jumps through
//! memory in loops that the shared loop stands inside of.
//!
//! Threads have scratch memory of their own, and a share finds there what it has put there. So the fewer shares, the less
//! is done twice; who makes the shares weighs that against giving all threads the same work.

use crate::dtype::Space;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::Nest;

/// In whose time, of elements that are copied, what comes next in memory is not where hardware expects it.
const JUMP: i64 = 32;

/// Elements that each share of `kernel`, a loop nest with all actions, puts into scratch memory whichever its iterations
/// are, and for each iteration of a loop around the shared one as many as that takes; 0 without a shared loop.
pub fn repeated(kernel: Uop) -> i64 {
    let nest = Nest::new(kernel);
    let is_shared = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Parallel));
    let shared: Vec<_> = nest.loops().into_iter().filter(is_shared).collect();
    let fills = |n: &Uop| n.op() == Op::Store && n.src(0).dtype().space == Some(Space::Local);
    let loops = kernel.toposort().into_iter().filter(fills).map(|store| nest.path(store.srcs().skip(2).last()));
    let same = loops.filter(|path| !shared.is_empty() && !path.iter().any(is_shared));
    let trips = |path: &[Uop]| path.iter().map(|r| r.src(0).vmax() as i64).fold(1, i64::saturating_mul);
    let around = shared.iter().map(|range| nest.path(nest.parent(*range))).filter(|path| !path.is_empty());
    let jumps = around.map(|path| trips(&path).saturating_mul(JUMP));
    same.map(|path| trips(&path)).chain(jumps).fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Graph;
    use crate::optimize::apply;
    use crate::symbolic::Simplifier;

    #[test]
    fn copies_that_vary_with_the_shared_loop_are_not_repeated() {
        // A product of 8 × 16 by 16 × 32, whose left factor is read whole by every share of the columns.
        let graph = Graph::new();
        let range = |size: i64, axis| graph.range(graph.index(size), axis);
        let (i, j, k) = (range(8, Axis::Loop), range(32, Axis::Loop), range(16, Axis::Reduce));
        let load = |slot, at| graph.global(DType::F32, slot).element(at, None).load();
        let sum = (load(0, i * 16 + k) * load(1, k * 32 + j)).reduce(Op::Add, &[k]);
        let kernel = graph.sink(&[graph.global(DType::F32, 2).element(i * 32 + j, None).store(sum, &[j, i])]);
        let after =
            |actions: &str| repeated(apply(kernel, &actions.parse().unwrap(), &mut Simplifier::default()).unwrap());
        assert_eq!(after("stage(0,0)"), 0);
        assert_eq!([after("stage(0,0) parallel(0)"), after("stage(0,1) parallel(0)")], [8 * 16, 0]);
        assert_eq!(after("parallel(0) accumulate(2,2,0)"), 8 * JUMP, "eight pairs of steps, in each all of a share");
    }
}
