//! Fewer, longer loops: neighbouring loops that always move as one become one, and reductions that
//! could run side by side share their loop. Loops whose indices divide are taken apart first.

use crate::ir::{Op, Uop};
use crate::loops::{Nest, substitute};
use crate::optimize::fuse::fuse;
use crate::optimize::period::split_periods;
use crate::symbolic::Simplifier;

/// `kernel` with loops split where that removes divisions from its indices, and merged where it adds none.
pub fn merge_loops<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = split_periods(simplifier.simplify(kernel), simplifier);
    while let Some(merged) = neighbours(kernel).into_iter().find_map(|pair| merge(kernel, pair, simplifier)) {
        kernel = merged;
    }
    while let Some(shared) = share(kernel, simplifier) {
        kernel = shared;
    }
    kernel
}

/// Pairs (outer, inner) of ranges that a STORE or REDUCE lists one after the other.
fn neighbours<'g>(kernel: Uop<'g>) -> Vec<(Uop<'g>, Uop<'g>)> {
    let mut pairs = vec![];
    for node in kernel.toposort() {
        let fixed = match node.op() {
            Op::Store => 2,
            Op::Reduce => 1,
            _ => continue,
        };
        let ranges: Vec<_> = node.srcs().skip(fixed).collect();
        pairs.extend(ranges.windows(2).map(|w| (w[0], w[1])));
    }
    pairs
}

/// `outer*n + inner` as one loop, if then no index divides, nor a condition of a sum has to tell rows apart.
fn merge<'g>(kernel: Uop<'g>, (outer, inner): (Uop<'g>, Uop<'g>), simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let merged = fuse(kernel, (outer, inner), simplifier)?;
    let is_plain = divisions(merged) <= divisions(kernel) && !tells_apart(kernel, outer, inner);
    is_plain.then_some(merged)
}

/// Whether what a sum reads has a condition on one of the two loops and not on the other: it says from where to where to add,
/// for a whole row.
fn tells_apart<'g>(kernel: Uop<'g>, outer: Uop<'g>, inner: Uop<'g>) -> bool {
    let sums = kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce);
    let loads = sums.flat_map(|sum| sum.src(0).toposort()).filter(|n| n.op() == Op::Load);
    let mut conditions = loads.filter_map(|load| load.src(0).srcs().nth(2));
    conditions.any(|condition| condition.depends_on(outer) != condition.depends_on(inner))
}

/// How many quotients and remainders its indices have.
pub(super) fn divisions(kernel: Uop) -> usize {
    kernel.toposort().into_iter().filter(|n| matches!(n.op(), Op::Idiv | Op::Mod) && n.dtype().is_index()).count()
}

/// One loop instead of two for two reductions of equal size at the same place, of which neither needs
/// the other.
fn share<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let nest = Nest::new(kernel);
    let single = |n: &Uop<'g>| n.op() == Op::Reduce && n.arity() == 2;
    let reductions: Vec<_> = kernel.toposort().into_iter().filter(single).collect();
    for (i, a) in reductions.iter().enumerate() {
        for b in &reductions[i + 1..] {
            let (ra, rb) = (a.src(1), b.src(1));
            let same_place = ra != rb && ra.src(0) == rb.src(0) && nest.parent(ra) == nest.parent(rb);
            if same_place && independent(kernel, ra, rb) {
                return Some(simplifier.simplify(substitute(kernel, &[(rb, ra)])));
            }
        }
    }
    None
}

/// Whether no reduction over one of the ranges needs the result of one over the other.
fn independent<'g>(kernel: Uop<'g>, a: Uop<'g>, b: Uop<'g>) -> bool {
    let over = |node: Uop<'g>, range: Uop<'g>| node.op() == Op::Reduce && node.srcs().skip(1).any(|r| r == range);
    let needs = |x: Uop<'g>, y: Uop<'g>| {
        let users = kernel.toposort().into_iter().filter(|n| over(*n, x));
        users.into_iter().any(|user| user.toposort().into_iter().any(|n| over(n, y)))
    };
    !needs(a, b) && !needs(b, a)
}
