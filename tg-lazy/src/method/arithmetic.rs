//! Methods of the theme `arithmetic` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// `x + y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn add(&self, y: impl Into<Value>) -> Tensor {
        tensor("add", &[self.into(), y.into()])
    }

    /// `x - y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn sub(&self, y: impl Into<Value>) -> Tensor {
        tensor("sub", &[self.into(), y.into()])
    }

    /// `x * y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn mul(&self, y: impl Into<Value>) -> Tensor {
        tensor("mul", &[self.into(), y.into()])
    }

    /// `x / y`, broadcasting; integers truncate toward zero. On floats it is `x * (1/y)`, which may differ from the
    /// correctly rounded quotient in the last bit.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn div(&self, y: impl Into<Value>) -> Tensor {
        tensor("div", &[self.into(), y.into()])
    }

    /// The remainder of `x / y` with the sign of `x`, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn rem(&self, y: impl Into<Value>) -> Tensor {
        tensor("rem", &[self.into(), y.into()])
    }

    /// `-x`; integers wrap.
    #[track_caller]
    pub fn neg(&self) -> Tensor {
        tensor("neg", &[self.into()])
    }

    /// The larger of `x` and `y`, broadcasting; NaN if either is. Where both are equal they share the gradient, except
    /// that a number literal takes none of it and passes none on.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn maximum(&self, y: impl Into<Value>) -> Tensor {
        tensor("maximum", &[self.into(), y.into()])
    }

    /// The smaller of `x` and `y`, broadcasting; NaN if either is. Gradients are as for `maximum`.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn minimum(&self, y: impl Into<Value>) -> Tensor {
        tensor("minimum", &[self.into(), y.into()])
    }

    /// `x` to the power `y`, broadcasting. Small whole exponents multiply, ±½ take square roots.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn pow(&self, y: impl Into<Value>) -> Tensor {
        tensor("pow", &[self.into(), y.into()])
    }

    /// `x * x`.
    #[track_caller]
    pub fn square(&self) -> Tensor {
        tensor("square", &[self.into()])
    }

    /// `1 / x`.
    #[track_caller]
    pub fn recip(&self) -> Tensor {
        tensor("recip", &[self.into()])
    }

    /// `x & y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_and(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_and", &[self.into(), y.into()])
    }

    /// `x | y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_or(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_or", &[self.into(), y.into()])
    }

    /// `x ^ y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_xor(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_xor", &[self.into(), y.into()])
    }

    /// Not `x` of truth values, all bits flipped of integers.
    #[track_caller]
    pub fn bit_not(&self) -> Tensor {
        tensor("bit_not", &[self.into()])
    }

    /// `x << y` of integers, broadcasting; the amount is taken modulo the width.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn shl(&self, y: impl Into<Value>) -> Tensor {
        tensor("shl", &[self.into(), y.into()])
    }

    /// `x >> y` of integers, broadcasting; keeps the sign; the amount is taken modulo the width.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn shr(&self, y: impl Into<Value>) -> Tensor {
        tensor("shr", &[self.into(), y.into()])
    }
}
