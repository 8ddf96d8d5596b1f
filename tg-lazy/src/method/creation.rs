//! Methods of the theme `creation` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::{tensor, tensor_with};
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// `x` with zeros above the `k`-th diagonal of its last two axes.
    ///
    /// * `k`: an integer, or `()`
    #[track_caller]
    pub fn tril(&self, k: impl Into<Value>) -> Tensor {
        tensor("tril", &[self.into(), k.into()])
    }

    /// `x` with zeros below the `k`-th diagonal of its last two axes.
    ///
    /// * `k`: an integer, or `()`
    #[track_caller]
    pub fn triu(&self, k: impl Into<Value>) -> Tensor {
        tensor("triu", &[self.into(), k.into()])
    }
}

/// All elements `value`; the dtype is that of the number (f32, i64 or bool) unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `value`: a tensor or a number
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn full(shape: impl Into<Value>, value: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("full", &[shape.into(), value.into(), dtype.into()])
}

/// All elements 0, f32 unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn zeros(shape: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("zeros", &[shape.into(), dtype.into()])
}

/// All elements 1, f32 unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn ones(shape: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("ones", &[shape.into(), dtype.into()])
}

/// The n × n identity matrix, f32 unless `dtype` is given.
///
/// * `n`: a size
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn eye(n: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("eye", &[n.into(), dtype.into()])
}

/// `start`, `start + step`, … before `stop`: i64 if all are integers, else f32. `arange(n)` is 0 to n - 1.
///
/// * `start`: a tensor or a number
/// * `optional`: the first of (`stop`, `step`) in a tuple, or `()`
///   * `stop`: a tensor or a number, or `()`
///   * `step`: a tensor or a number, or `()`
#[track_caller]
pub fn arange(start: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
    tensor_with("arange", vec![start.into()], optional.into())
}
