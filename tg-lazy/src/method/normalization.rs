//! Methods of the theme `normalization` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::{tensor, tensor_with};
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// `e^x` scaled to sum to 1 along `axis`.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn softmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("softmax", &[self.into(), axis.into()])
    }

    /// The natural logarithm of `softmax`, without overflow.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn log_softmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("log_softmax", &[self.into(), axis.into()])
    }

    /// `ln(Σ e^x)` along `axis`, without overflow.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn logsumexp(&self, axis: impl Into<Value>) -> Tensor {
        tensor("logsumexp", &[self.into(), axis.into()])
    }

    /// `(x - mean) / √(variance + eps)` over the last axis; the variance divides by n.
    ///
    /// * `eps`: a number, or `()`
    #[track_caller]
    pub fn layernorm(&self, eps: impl Into<Value>) -> Tensor {
        tensor("layernorm", &[self.into(), eps.into()])
    }

    /// `(x - mean) / √(variance + eps)`, with the mean and the variance (dividing by n) of each channel, axis 1, over all
    /// other axes; then times `scale` and plus `shift`, (channels,), if given. As in training: to keep statistics for
    /// inference, compute them with `mean` and `var_with` and pass them to `batchnorm_with`.
    ///
    /// * `optional`: the first of (`scale`, `shift`, `eps`) in a tuple, or `()`
    ///   * `scale`: a tensor, or `()`
    ///   * `shift`: a tensor, or `()`
    ///   * `eps`: a number, or `()`
    #[track_caller]
    pub fn batchnorm(&self, optional: impl Into<Values>) -> Tensor {
        tensor_with("batchnorm", vec![self.into()], optional.into())
    }

    /// `batchnorm` with the `mean` and `variance`, (channels,), of each channel, as in inference.
    ///
    /// * `mean`: a tensor
    /// * `variance`: a tensor
    /// * `optional`: the first of (`scale`, `shift`, `eps`) in a tuple, or `()`
    ///   * `scale`: a tensor, or `()`
    ///   * `shift`: a tensor, or `()`
    ///   * `eps`: a number, or `()`
    #[track_caller]
    pub fn batchnorm_with(&self, mean: impl Into<Value>, variance: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("batchnorm_with", vec![self.into(), mean.into(), variance.into()], optional.into())
    }

    /// `x / √(mean(x²) + eps)` over the last axis.
    ///
    /// * `eps`: a number, or `()`
    #[track_caller]
    pub fn rmsnorm(&self, eps: impl Into<Value>) -> Tensor {
        tensor("rmsnorm", &[self.into(), eps.into()])
    }
}
