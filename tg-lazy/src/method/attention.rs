//! Methods of the theme `attention` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::{tensor, tensor_with};
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// `softmax(x kᵀ · scale) v` for queries `x`, (…, n, d), keys `k`, (…, m, d), and values `v`, (…, m, e). `mask`,
    /// which broadcasts to (…, n, m), says which keys take part (bool), or is added to the scores (floats). `scale` is
    /// 1/√d if left out. A query that no key takes part in gives zeros.
    ///
    /// * `k`: a tensor
    /// * `v`: a tensor
    /// * `optional`: the first of (`mask`, `scale`) in a tuple, or `()`
    ///   * `mask`: a tensor, or `()`
    ///   * `scale`: a number, or `()`
    #[track_caller]
    pub fn attention(&self, k: impl Into<Value>, v: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("attention", vec![self.into(), k.into(), v.into()], optional.into())
    }

    /// `attention` in which query i sees the keys 0 to i only.
    ///
    /// * `k`: a tensor
    /// * `v`: a tensor
    /// * `scale`: a number, or `()`
    #[track_caller]
    pub fn causal_attention(&self, k: impl Into<Value>, v: impl Into<Value>, scale: impl Into<Value>) -> Tensor {
        tensor("causal_attention", &[self.into(), k.into(), v.into(), scale.into()])
    }
}
