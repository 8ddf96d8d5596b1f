//! Reductions: where they start, how they go on, and when they round.

use crate::dtype::{DType, Scalar};
use crate::ir::{Op, Value, eval};

/// The value that leaves `x op identity == x`: what a reduction over nothing gives.
pub fn identity(op: Op, dtype: DType) -> Option<Value> {
    match (op, dtype.int_range()) {
        (Op::Add, _) => Some(Value::zero(dtype)),
        (Op::Mul, _) => Some(Value::small(dtype, 1)),
        (Op::Max, _) if dtype.is_bool() => Some(Value::Bool(false)),
        (Op::Max, Some((lo, _))) => Some(Value::Int(lo)),
        // The one format without infinities starts at its lowest number.
        (Op::Max, None) if dtype.scalar == Scalar::F8E4M3 => Some(Value::Float(-448.0)),
        (Op::Max, None) => Some(Value::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// One reduction under way: floats in `f64`, rounded by the caller once at the end; integers wrap in
/// their own type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold {
    op: Op,
    wide: DType,
}

impl Fold {
    pub(super) fn new(op: Op, dtype: DType) -> Fold {
        Fold { op, wide: if dtype.is_float() { DType::F64 } else { dtype.element() } }
    }

    pub(super) fn step(self, total: Value, value: Value) -> Option<Value> {
        eval(self.op, self.wide, &[total, value])
    }
}
