//! Methods of the theme `comparison` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// Whether `x < y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn lt(&self, y: impl Into<Value>) -> Tensor {
        tensor("lt", &[self.into(), y.into()])
    }

    /// Whether `x <= y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn le(&self, y: impl Into<Value>) -> Tensor {
        tensor("le", &[self.into(), y.into()])
    }

    /// Whether `x > y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn gt(&self, y: impl Into<Value>) -> Tensor {
        tensor("gt", &[self.into(), y.into()])
    }

    /// Whether `x >= y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn ge(&self, y: impl Into<Value>) -> Tensor {
        tensor("ge", &[self.into(), y.into()])
    }

    /// Whether `x == y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn eq(&self, y: impl Into<Value>) -> Tensor {
        tensor("eq", &[self.into(), y.into()])
    }

    /// Whether `x != y`, broadcasting; true if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn ne(&self, y: impl Into<Value>) -> Tensor {
        tensor("ne", &[self.into(), y.into()])
    }

    /// Not `x`, of a bool tensor; of numbers, whether they are 0.
    #[track_caller]
    pub fn logical_not(&self) -> Tensor {
        tensor("logical_not", &[self.into()])
    }

    /// `x` where the bool tensor `cond` holds, else `y`, broadcasting all three.
    ///
    /// * `x`: a tensor or a number
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn where_(&self, x: impl Into<Value>, y: impl Into<Value>) -> Tensor {
        tensor("where_", &[self.into(), x.into(), y.into()])
    }
}
