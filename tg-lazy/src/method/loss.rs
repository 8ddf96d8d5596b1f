//! Methods of the theme `loss` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// Minus the mean log-probability of the right classes: `x` holds a score per class in its last axis, `classes`
    /// the right class for each row, as integers. A class that does not exist counts as the one of the largest score.
    ///
    /// * `classes`: a tensor
    #[track_caller]
    pub fn cross_entropy(&self, classes: impl Into<Value>) -> Tensor {
        tensor("cross_entropy", &[self.into(), classes.into()])
    }

    /// The mean of `(x - y)²`.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn mse(&self, y: impl Into<Value>) -> Tensor {
        tensor("mse", &[self.into(), y.into()])
    }
}
