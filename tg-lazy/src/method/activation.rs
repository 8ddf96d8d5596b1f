//! Methods of the theme `activation` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// `max(x, 0)`; NaN stays. The gradient at 0 is 0.
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        tensor("relu", &[self.into()])
    }

    /// `x` where it is positive, else `slope * x`.
    ///
    /// * `slope`: a number, or `()`
    #[track_caller]
    pub fn leaky_relu(&self, slope: impl Into<Value>) -> Tensor {
        tensor("leaky_relu", &[self.into(), slope.into()])
    }

    /// `x` where it is positive, else `alpha * (e^x - 1)`.
    ///
    /// * `alpha`: a number, or `()`
    #[track_caller]
    pub fn elu(&self, alpha: impl Into<Value>) -> Tensor {
        tensor("elu", &[self.into(), alpha.into()])
    }

    /// `1 / (1 + e^-x)`.
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor {
        tensor("sigmoid", &[self.into()])
    }

    /// `x * sigmoid(x)`.
    #[track_caller]
    pub fn silu(&self) -> Tensor {
        tensor("silu", &[self.into()])
    }

    /// `ln(1 + e^x)`; above 40 that is `x` in every dtype.
    #[track_caller]
    pub fn softplus(&self) -> Tensor {
        tensor("softplus", &[self.into()])
    }

    /// `x * tanh(softplus(x))`.
    #[track_caller]
    pub fn mish(&self) -> Tensor {
        tensor("mish", &[self.into()])
    }

    /// `x/2 * (1 + erf(x/√2))`.
    #[track_caller]
    pub fn gelu(&self) -> Tensor {
        tensor("gelu", &[self.into()])
    }

    /// `gelu` with erf replaced by a tanh: `x/2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`.
    #[track_caller]
    pub fn gelu_tanh(&self) -> Tensor {
        tensor("gelu_tanh", &[self.into()])
    }

    /// `x` limited to -1..1.
    #[track_caller]
    pub fn hardtanh(&self) -> Tensor {
        tensor("hardtanh", &[self.into()])
    }

    /// `x` limited to 0..6.
    #[track_caller]
    pub fn relu6(&self) -> Tensor {
        tensor("relu6", &[self.into()])
    }

    /// `x` limited to `min..=max`; NaN stays. The gradient outside and at constant limits is 0.
    ///
    /// * `min`: a tensor or a number
    /// * `max`: a tensor or a number
    #[track_caller]
    pub fn clamp(&self, min: impl Into<Value>, max: impl Into<Value>) -> Tensor {
        tensor("clamp", &[self.into(), min.into(), max.into()])
    }
}
