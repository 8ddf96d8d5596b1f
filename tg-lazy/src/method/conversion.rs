//! Methods of the theme `conversion` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// The values as `dtype`: floats to integers truncate and saturate, NaN becomes 0, integers wrap, to bool is `!= 0`.
    ///
    /// * `dtype`: a dtype
    #[track_caller]
    pub fn cast(&self, dtype: impl Into<Value>) -> Tensor {
        tensor("cast", &[self.into(), dtype.into()])
    }

    /// The same bits read as `dtype`, which has the same width.
    ///
    /// * `dtype`: a dtype
    #[track_caller]
    pub fn bitcast(&self, dtype: impl Into<Value>) -> Tensor {
        tensor("bitcast", &[self.into(), dtype.into()])
    }

    /// The same values, stored in memory before they are used.
    #[track_caller]
    pub fn contiguous(&self) -> Tensor {
        tensor("contiguous", &[self.into()])
    }

    /// The same values, through which no gradient flows.
    #[track_caller]
    pub fn detach(&self) -> Tensor {
        tensor("detach", &[self.into()])
    }
}
