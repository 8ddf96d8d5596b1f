//! Methods of the theme `pooling` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor_with;
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// The largest element of each window of `size` on the last two axes. Windows are `stride` apart (their size if
    /// left out); `padding` on both sides is never the largest. Equal elements share the gradient evenly.
    ///
    /// * `size`: an integer, or one for each axis
    /// * `optional`: the first of (`stride`, `padding`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn max_pool2d(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("max_pool2d", vec![self.into(), size.into()], optional.into())
    }

    /// The mean of each window of `size` on the last two axes. Windows are `stride` apart (their size if left out);
    /// `padding` on both sides is zeros, which count.
    ///
    /// * `size`: an integer, or one for each axis
    /// * `optional`: the first of (`stride`, `padding`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn avg_pool2d(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("avg_pool2d", vec![self.into(), size.into()], optional.into())
    }
}
