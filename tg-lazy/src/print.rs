//! `Display` and `Debug`. Printing computes.

use std::fmt;

use crate::data::each;
use crate::tensor::Tensor;

impl fmt::Display for Tensor {
    /// The elements, as those of a tensor with a typed shape; the error where they cannot be computed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.shape(), self.data()) {
            (Ok(shape), Ok(data)) => each!(&data.elements, row => tg_runtime::tensor::print(f, row.as_slice(), shape)),
            (Err(error), _) | (_, Err(error)) => write!(f, "<{error}>"),
        }
    }
}

impl fmt::Debug for Tensor {
    /// What it is, without computing it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handle() {
            Ok(handle) => {
                let state = if self.is_realized() { "" } else { ", not computed" };
                write!(f, "Tensor({} {:?} on {}{state})", handle.dtype, handle.sizes, handle.device)
            }
            Err(error) => write!(f, "Tensor({error})"),
        }
    }
}
