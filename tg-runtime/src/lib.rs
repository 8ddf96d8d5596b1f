//! Typed tensors and the launching of compiled kernels.
//!
//! Modules stand in order; each uses only those above it. Nothing here compiles or builds graphs.

pub mod config;
pub mod element;
pub mod error;
pub mod isa;
pub mod pool;
#[doc(hidden)]
pub mod program;
pub mod shape;
mod storage;
pub mod tensor;

pub use config::Config;
pub use element::{Element, Float, bf16, f16};
pub use error::{Error, Result};
pub use shape::{Const, Dim, Dyn, Shape, StaticShape};
pub use tensor::{Tensor, TensorView, TensorViewMut};
