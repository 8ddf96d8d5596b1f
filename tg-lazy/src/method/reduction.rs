//! Methods of the theme `reduction` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// The sum along `axes`. Integers wrap and keep their dtype.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Value>) -> Tensor {
        tensor("sum", &[self.into(), axes.into()])
    }

    /// As `sum`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn sum_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("sum_keep", &[self.into(), axes.into()])
    }

    /// The arithmetic mean along `axes`.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Value>) -> Tensor {
        tensor("mean", &[self.into(), axes.into()])
    }

    /// As `mean`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn mean_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("mean_keep", &[self.into(), axes.into()])
    }

    /// The largest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn max(&self, axes: impl Into<Value>) -> Tensor {
        tensor("max", &[self.into(), axes.into()])
    }

    /// As `max`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn max_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("max_keep", &[self.into(), axes.into()])
    }

    /// The smallest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn min(&self, axes: impl Into<Value>) -> Tensor {
        tensor("min", &[self.into(), axes.into()])
    }

    /// As `min`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn min_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("min_keep", &[self.into(), axes.into()])
    }

    /// The product along `axes`. Integers wrap and keep their dtype.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn prod(&self, axes: impl Into<Value>) -> Tensor {
        tensor("prod", &[self.into(), axes.into()])
    }

    /// As `prod`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn prod_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("prod_keep", &[self.into(), axes.into()])
    }

    /// Whether any element along `axes` is true, or not zero.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn any(&self, axes: impl Into<Value>) -> Tensor {
        tensor("any", &[self.into(), axes.into()])
    }

    /// As `any`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn any_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("any_keep", &[self.into(), axes.into()])
    }

    /// Whether all elements along `axes` are true, or not zero.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn all(&self, axes: impl Into<Value>) -> Tensor {
        tensor("all", &[self.into(), axes.into()])
    }

    /// As `all`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn all_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("all_keep", &[self.into(), axes.into()])
    }
}
