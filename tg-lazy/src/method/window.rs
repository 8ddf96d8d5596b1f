//! Methods of the theme `window` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor_with;
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// The windows of `size` on the last axes, `stride` apart, with elements `dilation` apart (both 1 if left out):
    /// `(…, h, w)` with sizes `[kh, kw]` gives `(…, oh, ow, kh, kw)`. Windows that would reach beyond the end are left
    /// out.
    ///
    /// * `size`: a list of integers
    /// * `optional`: the first of (`stride`, `dilation`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `dilation`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn windows(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("windows", vec![self.into(), size.into()], optional.into())
    }
}
