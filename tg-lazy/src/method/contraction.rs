//! Methods of the theme `contraction` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// The matrix product over the last axis of `x` and the last but one of `y`; leading axes are batches and broadcast.
    /// A vector on either side is a row or column that vanishes from the result: two vectors give their inner product.
    /// Products of f16 and bf16 are summed in f32, and the sum is rounded.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn matmul(&self, y: impl Into<Value>) -> Tensor {
        tensor("matmul", &[self.into(), y.into()])
    }

    /// `x.round_tf32().matmul(y.round_tf32())`: the matrix product of f32 factors rounded to TensorFloat-32, summed in f32. Of narrower
    /// floats it is `x.matmul(y)`.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn matmul_tf32(&self, y: impl Into<Value>) -> Tensor {
        tensor("matmul_tf32", &[self.into(), y.into()])
    }
}
