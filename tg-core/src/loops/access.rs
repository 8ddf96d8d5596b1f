//! How an address moves with a loop.

use crate::ir::{Axis, Op, Uop};
use crate::symbolic::simplify;

/// The terms of a sum of products, in no particular order.
pub fn terms(sum: Uop) -> Vec<Uop> {
    let (mut terms, mut stack) = (vec![], vec![sum]);
    while let Some(node) = stack.pop() {
        if node.op() == Op::Add { stack.extend(node.srcs()) } else { terms.push(node) }
    }
    terms
}

/// How many elements `address` moves when `range` advances by one: `Some(0)` if it does not depend on
/// it, `None` if it does not move evenly.
pub fn stride<'g>(address: Uop<'g>, range: Uop<'g>) -> Option<i64> {
    let moved = terms(address).into_iter().filter(|t| t.depends_on(range));
    moved.map(|t| coefficient(t, range)).sum()
}

/// Whether vectors of `lanes` along `range` begin at multiples of their size, at `address`: all other terms of it do.
pub fn is_aligned<'g>(address: Uop<'g>, range: Uop<'g>, lanes: i64) -> bool {
    let others = terms(address).into_iter().filter(|t| *t != range);
    others.into_iter().all(|t| simplify(t % lanes).as_int() == Some(0))
}

/// `address` in vectors of `lanes` along `range`, and the loop over the lanes of a vector. In it addresses may move evenly
/// where they do not along `range`, which is divided by a multiple of `lanes`.
pub fn in_vectors<'g>(address: Uop<'g>, range: Uop<'g>, lanes: i64) -> (Uop<'g>, Uop<'g>) {
    let graph = range.graph();
    let (vector, lane) = (graph.range(range.src(0) / lanes, Axis::Loop), graph.range(graph.index(lanes), Axis::Lane));
    (simplify(address.substitute(&[(range, vector * lanes + lane)])), lane)
}

fn coefficient<'g>(term: Uop<'g>, range: Uop<'g>) -> Option<i64> {
    if term == range {
        return Some(1);
    }
    let factor = || term.src(1).as_int().and_then(|c| i64::try_from(c).ok());
    match term.op() {
        Op::Mul if term.src(0) == range => factor(),
        Op::Mul => Some(coefficient(term.src(0), range)? * factor()?),
        Op::Add => stride(term, range),
        _ => None,
    }
}
