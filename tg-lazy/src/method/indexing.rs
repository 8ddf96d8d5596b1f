//! Methods of the theme `indexing` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// For each element of `x` a row of `classes` elements (i64) that is 1 at that position and 0 elsewhere.
    ///
    /// * `classes`: a size
    #[track_caller]
    pub fn one_hot(&self, classes: impl Into<Value>) -> Tensor {
        tensor("one_hot", &[self.into(), classes.into()])
    }

    /// The elements of `x` at the positions `index` along `axis`: as many axes as `x`, the others no larger than those
    /// of `x`. A position outside gives 0.
    ///
    /// * `axis`: an integer
    /// * `index`: a tensor
    #[track_caller]
    pub fn gather(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("gather", &[self.into(), axis.into(), index.into()])
    }

    /// The slices of `x` along `axis` at the positions in the vector `index`. A position outside gives zeros.
    ///
    /// * `axis`: an integer
    /// * `index`: a tensor
    #[track_caller]
    pub fn index_select(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("index_select", &[self.into(), axis.into(), index.into()])
    }

    /// The rows of the matrix `x` at the positions `index`, of any shape. A position outside gives zeros.
    ///
    /// * `index`: a tensor
    #[track_caller]
    pub fn embedding(&self, index: impl Into<Value>) -> Tensor {
        tensor("embedding", &[self.into(), index.into()])
    }
}
