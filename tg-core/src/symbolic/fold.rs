//! Folding: operations on constants, and values of which the bounds leave only one.

use crate::ir::{Op, Uop, Value, eval};
use crate::rewrite::{Pattern, konst, nodes};
use crate::rules;

rules! {
    /// Constants fold, and stand on the right.
    pub fn fold;
    constant        [n]       nodes(Op::is_alu).named(n)              => folded(n)?;
    /// Nothing is left to compute where the bounds leave one value.
    only_value      [n]       nodes(is_computed).named(n)             => n.like(n.only_value()?);
    constant_right  [n]       nodes(Op::is_commutative).named(n)      => constant_right(n)?;
    where_constant  [c: bool, x, y]  konst(c).choose(x, y)            => if c.as_const()?.is_true() { x } else { y };
}

/// A range keeps its identity even when it has one value: who closes it still names it.
fn is_computed(op: Op) -> bool {
    op.is_alu()
}

/// Elementwise ops whose sources are all constants, or as good as (a range of size 1).
fn folded(node: Uop<'_>) -> Option<Uop<'_>> {
    let mut args = [Value::Bool(false); 3];
    for (slot, s) in args.iter_mut().zip(node.srcs()) {
        *slot = s.as_const().or_else(|| s.only_value())?;
    }
    if node.op() == Op::Bitcast {
        return None;
    }
    Some(node.like(eval(node.op(), node.dtype(), &args[..node.arity()])?))
}

fn constant_right(node: Uop<'_>) -> Option<Uop<'_>> {
    let (a, b) = (node.src(0), node.src(1));
    (a.op() == Op::Const && b.op() != Op::Const).then(|| node.with_srcs(&[b, a]))
}
