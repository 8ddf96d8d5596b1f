//! Before: arithmetic on f16 and bf16. After: f32, rounded to the narrow type after each operation; the narrow types are
//! only loaded, stored, moved and converted from and to f32.
//!
//! As for processors, a reduction is rounded once, at its end.

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
        Op::Cast if is_narrow(node) => node.src(0).cast(DType::F32).cast(node.dtype()),
        Op::Cast => wide(node.src(0)).cast(node.dtype()),
        Op::Where | Op::Bitcast => node,
        Op::Reduce => over_wide(),
        op if op.is_alu() => over_wide(),
        _ => node,
    }
}
