//! Methods of the theme `function` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;

impl Tensor {
    /// `e^x`.
    #[track_caller]
    pub fn exp(&self) -> Tensor {
        tensor("exp", &[self.into()])
    }

    /// `2^x`.
    #[track_caller]
    pub fn exp2(&self) -> Tensor {
        tensor("exp2", &[self.into()])
    }

    /// `e^x - 1`, accurate near 0: below 1 it is `2t / (1 - t)` with `t = tanh(x/2)`, which cancels nothing.
    #[track_caller]
    pub fn expm1(&self) -> Tensor {
        tensor("expm1", &[self.into()])
    }

    /// The natural logarithm.
    #[track_caller]
    pub fn log(&self) -> Tensor {
        tensor("log", &[self.into()])
    }

    /// The base-2 logarithm.
    #[track_caller]
    pub fn log2(&self) -> Tensor {
        tensor("log2", &[self.into()])
    }

    /// The base-10 logarithm.
    #[track_caller]
    pub fn log10(&self) -> Tensor {
        tensor("log10", &[self.into()])
    }

    /// `ln(1 + x)`, accurate near 0: there it is the series of `2 artanh(s)` with `s = x / (2 + x)`.
    #[track_caller]
    pub fn log1p(&self) -> Tensor {
        tensor("log1p", &[self.into()])
    }

    /// The square root.
    #[track_caller]
    pub fn sqrt(&self) -> Tensor {
        tensor("sqrt", &[self.into()])
    }

    /// `1 / √x`.
    #[track_caller]
    pub fn rsqrt(&self) -> Tensor {
        tensor("rsqrt", &[self.into()])
    }

    /// The sine of `x` in radians.
    #[track_caller]
    pub fn sin(&self) -> Tensor {
        tensor("sin", &[self.into()])
    }

    /// The cosine of `x` in radians.
    #[track_caller]
    pub fn cos(&self) -> Tensor {
        tensor("cos", &[self.into()])
    }

    /// The tangent of `x` in radians.
    #[track_caller]
    pub fn tan(&self) -> Tensor {
        tensor("tan", &[self.into()])
    }

    /// The hyperbolic tangent.
    #[track_caller]
    pub fn tanh(&self) -> Tensor {
        tensor("tanh", &[self.into()])
    }

    /// The error function.
    #[track_caller]
    pub fn erf(&self) -> Tensor {
        tensor("erf", &[self.into()])
    }

    /// `|x|`; integers wrap. The gradient at 0 is 0.
    #[track_caller]
    pub fn abs(&self) -> Tensor {
        tensor("abs", &[self.into()])
    }

    /// -1, 0 or 1 as `x` is negative, zero or positive; NaN stays. The gradient is 0.
    #[track_caller]
    pub fn sign(&self) -> Tensor {
        tensor("sign", &[self.into()])
    }

    /// The whole number next to `x` toward zero.
    #[track_caller]
    pub fn trunc(&self) -> Tensor {
        tensor("trunc", &[self.into()])
    }

    /// The largest whole number not above `x`.
    #[track_caller]
    pub fn floor(&self) -> Tensor {
        tensor("floor", &[self.into()])
    }

    /// The smallest whole number not below `x`.
    #[track_caller]
    pub fn ceil(&self) -> Tensor {
        tensor("ceil", &[self.into()])
    }

    /// The nearest whole number; halves go to the even one.
    #[track_caller]
    pub fn round(&self) -> Tensor {
        tensor("round", &[self.into()])
    }

    /// The nearest number with the 10 bits of fraction of TensorFloat-32, ties away from zero; it stays an f32. The relative
    /// error is at most 2⁻¹¹, beyond the largest comes infinity, and the gradient passes as if nothing were rounded. GPUs
    /// multiply matrices of which both are rounded so by their matrix units. Narrower floats have no more bits and stay.
    #[track_caller]
    pub fn round_tf32(&self) -> Tensor {
        tensor("round_tf32", &[self.into()])
    }
}
