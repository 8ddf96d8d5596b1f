//! Reductions: how they go on, and when they round.

use crate::dtype::DType;
use crate::ir::{Op, Value, eval};

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
