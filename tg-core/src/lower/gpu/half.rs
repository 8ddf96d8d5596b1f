//! Before: arithmetic on f16 and bf16. After: f32, rounded to the narrow type after each operation; the narrow types are
//! only loaded, stored, moved, added and converted from and to f32.
//!
//! GPUs add two pairs of narrow floats in one instruction. It rounds as a sum in f32 and its conversion do: f32 has twice the
//! digits of either type and two more, so that rounding twice changes nothing. As for processors, a reduction is rounded
//! once, at its end.

use crate::dtype::{DType, Scalar};
use crate::ir::{Memo, Op, Uop, rebuild};
use crate::symbolic::Simplifier;

pub fn half<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, widened)
}

fn is_narrow(node: Uop) -> bool {
    node.dtype().space.is_none() && matches!(node.dtype().scalar, Scalar::F16 | Scalar::BF16)
}

fn wide(node: Uop) -> Uop {
    if is_narrow(node) { node.cast(DType::F32.vec(node.dtype().lanes)) } else { node }
}

fn widened(node: Uop) -> Uop {
    if !is_narrow(node) && !node.srcs().any(is_narrow) {
        return node;
    }
    let over_wide = || {
        let src: Vec<_> = node.srcs().map(wide).collect();
        let dtype = if is_narrow(node) { DType::F32 } else { node.dtype() };
        node.graph().node(node.op(), dtype, &src, node.arg().clone()).cast(node.dtype())
    };
    match node.op() {
        Op::Cast if is_narrow(node) => {
            sum_of_narrow(node).unwrap_or_else(|| node.src(0).cast(DType::F32).cast(node.dtype()))
        }
        Op::Cast => wide(node.src(0)).cast(node.dtype()),
        Op::Where | Op::Bitcast | Op::Add | Op::Sub => node,
        Op::Reduce => over_wide(),
        op if op.is_alu() => over_wide(),
        _ => node,
    }
}

/// The sum of narrow values that `rounded` is: in f32 of the same values, and converted.
fn sum_of_narrow(rounded: Uop) -> Option<Uop> {
    let sum = rounded.src(0);
    let is_widened = |term: Uop| term.op() == Op::Cast && term.src(0).dtype() == rounded.dtype();
    let is_sum = matches!(sum.op(), Op::Add | Op::Sub) && sum.srcs().all(is_widened);
    is_sum.then(|| sum.src(0).src(0).alu(sum.op(), &[sum.src(1).src(0)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Graph;

    #[test]
    fn only_what_is_rounded_at_once_is_added_narrow() {
        let graph = Graph::new();
        let simplifier = &mut Simplifier::default();
        let load = |slot| graph.global(DType::BF16, slot).element(graph.index(0), None).load();
        let [x, y] = [load(0), load(1)];
        let [a, b] = [x.cast(DType::F32), y.cast(DType::F32)];
        assert_eq!(half((a + b).cast(DType::BF16), simplifier), x + y);
        assert_eq!(half(x + y, simplifier), x + y);
        for other in [(a * b).cast(DType::BF16), (a + b).cast(DType::F16), (a + b + a).cast(DType::BF16)] {
            assert_eq!(half(other, simplifier), other);
        }
    }
}
