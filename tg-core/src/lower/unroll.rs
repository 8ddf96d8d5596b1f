//! Before: Unroll ranges. After: none.
//!
//! A STORE over an Unroll range becomes one STORE for each of its values, a REDUCE the combination of
//! one REDUCE for each. The copies keep the other loops, and nodes that come out equal are one node, so
//! what the copies share is loaded and computed once.
//!
//! Sums of products of which a factor is zero by a condition that, in a copy, does not hold for any iteration are left out, as
//! `lower/skip.rs` does where that is only known when the kernel runs: of the results at the edge of a picture, those taps that
//! would meet the zeros around it.

use super::skip::condition;
use crate::ir::{Arg, Axis, Memo, Op, Uop, neutral, rebuild};
use crate::loops::{each_store, instantiate};
use crate::symbolic::Simplifier;

pub(super) fn unroll<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = kernel;
    let is_unroll = |n: &Uop| matches!(n.arg(), Arg::Range(_, Axis::Unroll));
    // The newest first: an inner copy is made before the copies around it.
    while let Some(range) = kernel.toposort().into_iter().rfind(is_unroll) {
        let stores: Vec<_> = kernel.srcs().flat_map(|store| copies(store, range, 2)).collect();
        let mut done = Memo::new(kernel.graph());
        kernel = rebuild(kernel.with_srcs(&stores), &mut done, |node| match node.op() {
            Op::Reduce => combine(node, range, simplifier),
            Op::After => each_store(node, |store| copies(store, range, 2)),
            _ => node,
        });
        kernel = simplifier.simplify(kernel);
    }
    kernel
}

/// `node` for each value of `range`, if it runs over it.
fn copies<'g>(node: Uop<'g>, range: Uop<'g>, fixed: usize) -> Vec<Uop<'g>> {
    if !node.srcs().skip(fixed).any(|r| r == range) {
        return vec![node];
    }
    let size = range.src(0).as_int().unwrap_or_else(|| panic!("unroll: {range:?} has no known size"));
    let copy = |i: i128| instantiate(node, range, range.like(i as i64));
    (0..size).map(copy).collect()
}

/// `node` for all values of `range`, combined, but for those that add nothing.
fn combine<'g>(node: Uop<'g>, range: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let Arg::Op(op) = *node.arg() else { return node };
    // Copies are combined as vectors; the lanes of what comes out are combined once.
    let over_range = node.srcs().skip(1).any(|r| r == range);
    let is_lane = |r: &Uop| over_range && matches!(r.arg(), Arg::Range(_, Axis::Lane));
    let (lanes, others): (Vec<_>, Vec<_>) = node.srcs().skip(1).partition(is_lane);
    let mut parts = copies(node.src(0).reduce(op, &others), range, 1);
    parts.retain(|part| op != Op::Add || !is_nothing(*part, simplifier));
    match (parts.is_empty(), neutral(op, node.dtype())) {
        (true, Some(nothing)) => node.graph().constant(node.dtype(), nothing),
        _ => pairwise(parts, op).reduce(op, &lanes),
    }
}

/// Whether `sum`, or a single product, is of what is zero by a condition that never holds.
fn is_nothing<'g>(sum: Uop<'g>, simplifier: &mut Simplifier<'g>) -> bool {
    let is_sum = sum.op() == Op::Reduce && *sum.arg() == Arg::Op(Op::Add);
    let product = if is_sum { sum.src(0) } else { sum };
    let mut never = |condition| simplifier.simplify(condition).as_const().is_some_and(|holds| holds.to_f64() == 0.0);
    product.op() == Op::Mul && product.srcs().filter_map(condition).any(&mut never)
}

/// All values combined as a balanced tree, which is both the shortest and the most exact order.
pub(super) fn pairwise<'g>(values: Vec<Uop<'g>>, op: Op) -> Uop<'g> {
    let mut level = values;
    while level.len() > 1 {
        level = level.chunks(2).map(|c| if let [a, b] = c { a.alu(op, &[*b]) } else { c[0] }).collect();
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Graph;

    /// Of how many elements of `w` there is something left in `Σ_k (k < 3 ? x[k] : otherwise) * w[k]` for five `k`, written out.
    fn factors(otherwise: f64) -> usize {
        let g = Graph::new();
        let k = g.range(g.index(5), Axis::Unroll);
        let at = g.global(DType::F32, 0).element(k, Some(k.lt(g.index(3))));
        let x = g.node(Op::Load, DType::F32, &[at, g.constant(DType::F32, otherwise)], Arg::None);
        let w = g.global(DType::F32, 1);
        let sum = (x * w.element(k, None).load()).reduce(Op::Add, &[k]);
        let store = g.global(DType::F32, 2).element(g.index(0), None).store(sum, &[]);
        let kernel = unroll(g.sink(&[store]), &mut Simplifier::default());
        kernel.toposort().into_iter().filter(|n| n.op() == Op::Load && n.src(0).src(0) == w).count()
    }

    #[test]
    fn what_is_zero_by_a_condition_is_not_added() {
        assert_eq!([factors(0.0), factors(1.0)], [3, 5]);
    }
}
