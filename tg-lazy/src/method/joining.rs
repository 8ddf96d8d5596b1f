//! Methods of the theme `joining` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

/// The tensors one after the other along `axis`; all other sizes agree.
///
/// * `tensors`: a list of tensors
/// * `axis`: an integer, or `()`
#[track_caller]
pub fn cat(tensors: impl Into<Value>, axis: impl Into<Value>) -> Tensor {
    tensor("cat", &[tensors.into(), axis.into()])
}

/// The tensors, all of one shape, along a new axis at `axis` of the result.
///
/// * `tensors`: a list of tensors
/// * `axis`: an integer, or `()`
#[track_caller]
pub fn stack(tensors: impl Into<Value>, axis: impl Into<Value>) -> Tensor {
    tensor("stack", &[tensors.into(), axis.into()])
}
