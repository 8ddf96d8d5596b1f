//! Before: values of type bf16. After: the same values as f32, which processors compute with.
//!
//! A bf16 is the upper half of an f32. It is widened when it is loaded and rounded to bf16 after each operation, so
//! that the result is that of arithmetic on bf16; a reduction is rounded once, at its end.

use crate::dtype::{DType, Scalar};
use crate::ir::{Memo, Op, Uop, Value, rebuild};
use crate::symbolic::Simplifier;

pub(super) fn narrow<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    if !kernel.toposort().into_iter().any(|n| n.dtype().scalar == Scalar::BF16) {
        return kernel;
    }
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, widened)
}

/// `node`, whose sources are wide already, as f32.
fn widened(node: Uop) -> Uop {
    let graph = node.graph();
    let src: Vec<Uop> = node.srcs().collect();
    let with = |dtype: DType| graph.node(node.op(), dtype, &src, node.arg().clone());
    if node.op() == Op::Store && src[0].dtype().scalar == Scalar::U16 && src[1].dtype() == DType::F32 {
        let upper = (src[1].bitcast(DType::U32) >> 16i64).cast(DType::U16);
        return node.with_srcs(&[&[src[0], upper], &src[2..]].concat());
    }
    if node.dtype().scalar != Scalar::BF16 {
        return node;
    }
    match node.op() {
        // Where access is not allowed a load gives zero, whose bits are zero in both types.
        Op::Load => from_bits(src[0].load().with_arg(node.arg().clone())),
        Op::Const => node.as_const().map_or(node, |v| graph.constant(DType::F32, v)),
        _ if node.dtype().space.is_some() => with(DType { scalar: Scalar::U16, ..node.dtype() }),
        Op::Bitcast => from_bits(src[0]),
        Op::Cast => rounded(src[0].cast(DType::F32)),
        // One of its operands, which are rounded.
        Op::Where | Op::Max => with(DType::F32),
        _ => rounded(with(DType::F32)),
    }
}

/// The f32 whose upper half is `bits`.
fn from_bits(bits: Uop) -> Uop {
    (bits.cast(DType::U32) << 16i64).bitcast(DType::F32)
}

/// `x` rounded to the nearest bf16, ties to even. A NaN stays one.
fn rounded(x: Uop) -> Uop {
    let bits = x.bitcast(DType::U32);
    let odd = (bits >> 16i64) & 1i64;
    let nearest = (bits + odd + 0x7fffi64) & Value::Int(0xffff_0000);
    x.differs(x).choose(x, nearest.bitcast(DType::F32))
}
