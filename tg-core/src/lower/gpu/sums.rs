//! Before: steps of a sum that are written out have registers of their own, so that additions do not wait for each other.
//! After: those of products by the matrix units share them. There are many such sums, which do not wait for each other
//! either, and few registers.

use super::matrix::is_sum_of_products;
use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::symbolic::Simplifier;

pub fn sums<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| shared(node).unwrap_or(node))
}

/// `Σ a + Σ b` as `Σ (a + b)`.
fn shared(node: Uop) -> Option<Uop> {
    let is_sum = |n: &Uop| n.op() == Op::Reduce && *n.arg() == Arg::Op(Op::Add) && is_sum_of_products(n.src(0));
    if node.op() != Op::Add || !node.srcs().all(|s| is_sum(&s)) {
        return None;
    }
    let (a, b) = (node.src(0), node.src(1));
    let ranges: Vec<_> = a.srcs().skip(1).collect();
    b.srcs().skip(1).eq(ranges.iter().copied()).then(|| (a.src(0) + b.src(0)).reduce(Op::Add, &ranges))
}
