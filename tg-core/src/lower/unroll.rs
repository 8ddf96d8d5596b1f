//! Before: Unroll ranges. After: none.
//!
//! A STORE over an Unroll range becomes one STORE for each of its values, a REDUCE the combination of
//! one REDUCE for each. The copies keep the other loops, and nodes that come out equal are one node, so
//! what the copies share is loaded and computed once.

use crate::ir::{Arg, Axis, Memo, Op, Uop, rebuild};
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
            Op::Reduce => combine(node, range),
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

fn combine<'g>(node: Uop<'g>, range: Uop<'g>) -> Uop<'g> {
    let Arg::Op(op) = *node.arg() else { return node };
    if !node.srcs().skip(1).any(|r| r == range) {
        return node;
    }
    // Copies are combined as vectors; the lanes of what comes out are combined once.
    let (lanes, others): (Vec<_>, Vec<_>) =
        node.srcs().skip(1).partition(|r| matches!(r.arg(), Arg::Range(_, Axis::Lane)));
    pairwise(copies(node.src(0).reduce(op, &others), range, 1), op).reduce(op, &lanes)
}

/// All values combined as a balanced tree, which is both the shortest and the most exact order.
pub(super) fn pairwise<'g>(values: Vec<Uop<'g>>, op: Op) -> Uop<'g> {
    let mut level = values;
    while level.len() > 1 {
        level = level.chunks(2).map(|c| if let [a, b] = c { a.alu(op, &[*b]) } else { c[0] }).collect();
    }
    level[0]
}
