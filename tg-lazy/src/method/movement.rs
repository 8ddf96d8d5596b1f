//! Methods of the theme `movement` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// The elements in row-major order in another shape; one size may be -1, which is what is left.
    ///
    /// * `shape`: a list of sizes
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Value>) -> Tensor {
        tensor("reshape", &[self.into(), shape.into()])
    }

    /// Axis `i` of the result is axis `axes[i]` of `x`.
    ///
    /// * `axes`: a list of integers
    #[track_caller]
    pub fn permute(&self, axes: impl Into<Value>) -> Tensor {
        tensor("permute", &[self.into(), axes.into()])
    }

    /// The axes `a` and `b` exchanged.
    ///
    /// * `a`: an integer
    /// * `b`: an integer
    #[track_caller]
    pub fn transpose(&self, a: impl Into<Value>, b: impl Into<Value>) -> Tensor {
        tensor("transpose", &[self.into(), a.into(), b.into()])
    }

    /// The transposed matrix.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        tensor("t", &[self.into()])
    }

    /// Repeated along axes of size 1, and along new leading axes, to `shape`; -1 keeps a size.
    ///
    /// * `shape`: a list of sizes
    #[track_caller]
    pub fn expand(&self, shape: impl Into<Value>) -> Tensor {
        tensor("expand", &[self.into(), shape.into()])
    }

    /// With zeros before and after each axis: a pair of counts for each.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    #[track_caller]
    pub fn pad(&self, pairs: impl Into<Value>) -> Tensor {
        tensor("pad", &[self.into(), pairs.into()])
    }

    /// As `pad`, with `value` in place of zeros.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    /// * `value`: a tensor or a number
    #[track_caller]
    pub fn pad_with(&self, pairs: impl Into<Value>, value: impl Into<Value>) -> Tensor {
        tensor("pad_with", &[self.into(), pairs.into(), value.into()])
    }

    /// The part `begin..end` of each axis: a pair for each.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    #[track_caller]
    pub fn shrink(&self, pairs: impl Into<Value>) -> Tensor {
        tensor("shrink", &[self.into(), pairs.into()])
    }

    /// Reversed along the axes given.
    ///
    /// * `axes`: an axis or a list of axes
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Value>) -> Tensor {
        tensor("flip", &[self.into(), axes.into()])
    }

    /// From each axis the elements `start..end`, every `step`-th: `(start, end, step)` or a range for each of the first
    /// axes. Negative positions count from the end; ends beyond the axis are an error.
    ///
    /// * `ranges`: a list of ranges or (start, end, step), one for each axis
    #[track_caller]
    pub fn slice(&self, ranges: impl Into<Value>) -> Tensor {
        tensor("slice", &[self.into(), ranges.into()])
    }

    /// The slice at `index` of `axis`, which vanishes; a negative index counts from the end.
    ///
    /// * `axis`: an integer
    /// * `index`: a size
    #[track_caller]
    pub fn select(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("select", &[self.into(), axis.into(), index.into()])
    }

    /// The `len` elements from `start` on along `axis`.
    ///
    /// * `axis`: an integer
    /// * `start`: a size
    /// * `len`: a size
    #[track_caller]
    pub fn narrow(&self, axis: impl Into<Value>, start: impl Into<Value>, len: impl Into<Value>) -> Tensor {
        tensor("narrow", &[self.into(), axis.into(), start.into(), len.into()])
    }

    /// Without `axis`, whose size is 1.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn squeeze(&self, axis: impl Into<Value>) -> Tensor {
        tensor("squeeze", &[self.into(), axis.into()])
    }

    /// With a new axis of size 1 at `axis` of the result.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn unsqueeze(&self, axis: impl Into<Value>) -> Tensor {
        tensor("unsqueeze", &[self.into(), axis.into()])
    }

    /// All elements as a vector, in row-major order.
    #[track_caller]
    pub fn flatten(&self) -> Tensor {
        tensor("flatten", &[self.into()])
    }

    /// The axes from `axis` on merged into one.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn flatten_from(&self, axis: impl Into<Value>) -> Tensor {
        tensor("flatten_from", &[self.into(), axis.into()])
    }
}
