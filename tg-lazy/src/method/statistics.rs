//! Methods of the theme `statistics` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// The variance along `axes`, dividing by n - 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn var(&self, axes: impl Into<Value>) -> Tensor {
        tensor("var", &[self.into(), axes.into()])
    }

    /// As `var`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn var_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("var_keep", &[self.into(), axes.into()])
    }

    /// The variance along `axes`, dividing by n - `correction`.
    ///
    /// * `axes`: an axis or a list of axes
    /// * `correction`: an integer
    #[track_caller]
    pub fn var_with(&self, axes: impl Into<Value>, correction: impl Into<Value>) -> Tensor {
        tensor("var_with", &[self.into(), axes.into(), correction.into()])
    }

    /// The standard deviation along `axes`: the root of `var`.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn std(&self, axes: impl Into<Value>) -> Tensor {
        tensor("std", &[self.into(), axes.into()])
    }

    /// As `std`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn std_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("std_keep", &[self.into(), axes.into()])
    }

    /// The standard deviation along `axes`: the root of `var_with`.
    ///
    /// * `axes`: an axis or a list of axes
    /// * `correction`: an integer
    #[track_caller]
    pub fn std_with(&self, axes: impl Into<Value>, correction: impl Into<Value>) -> Tensor {
        tensor("std_with", &[self.into(), axes.into(), correction.into()])
    }

    /// The position (i64) of the largest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    ///
    /// * `axis`: an integer, or `()`
    #[track_caller]
    pub fn argmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("argmax", &[self.into(), axis.into()])
    }

    /// The position (i64) of the smallest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    ///
    /// * `axis`: an integer, or `()`
    #[track_caller]
    pub fn argmin(&self, axis: impl Into<Value>) -> Tensor {
        tensor("argmin", &[self.into(), axis.into()])
    }

    /// The sums of each element and those before it along `axis`.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn cumsum(&self, axis: impl Into<Value>) -> Tensor {
        tensor("cumsum", &[self.into(), axis.into()])
    }
}
