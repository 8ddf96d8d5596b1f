//! Before: steps of a sum that are written out have registers of their own, so that additions do not wait for each other.
//! After: those of products by the matrix units share them, and those of products in general if there are many such sums,
//! which do not wait for each other either, and few registers.

use super::matrix::{is_sum_of_factors, is_sum_of_products};
use crate::ir::{Arg, Axis, Memo, Op, Uop, rebuild};
use crate::symbolic::Simplifier;

/// Results of a thread from which on their sums share registers.
const MANY: i128 = 8;

pub fn sums<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    let are_many = kernel.srcs().map(results).sum::<i128>() >= MANY;
    let is_product = |n: Uop| is_sum_of_products(n) || are_many && is_sum_of_factors(n);
    rebuild(kernel, &mut done, |node| shared(node, is_product).unwrap_or(node))
}

/// How many results `store` has of a thread.
fn results(store: Uop) -> i128 {
    let lanes = store.srcs().skip(2).filter(|range| matches!(range.arg(), Arg::Range(_, Axis::Lane)));
    lanes.map(|range| range.src(0).vmax()).product()
}

/// `Σ a + Σ b` as `Σ (a + b)`, where `a` and `b` are products.
pub fn shared(node: Uop, is_product: impl Fn(Uop) -> bool) -> Option<Uop> {
    let is_sum = |n: &Uop| n.op() == Op::Reduce && *n.arg() == Arg::Op(Op::Add) && is_product(n.src(0));
    if node.op() != Op::Add || !node.srcs().all(|s| is_sum(&s)) {
        return None;
    }
    let (a, b) = (node.src(0), node.src(1));
    let ranges: Vec<_> = a.srcs().skip(1).collect();
    b.srcs().skip(1).eq(ranges.iter().copied()).then(|| (a.src(0) + b.src(0)).reduce(Op::Add, &ranges))
}
