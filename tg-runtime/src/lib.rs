//! Typed tensors, their files, and the launching of compiled tensor functions.
//!
//! Each module uses only those above it:
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | the one error type |
//! | [`isa`] | instruction sets and their detection |
//! | [`config`] | settings from the environment, in one table |
//! | `profile` | where the time goes: events, and the lines, the summary and the trace that are made of them |
//! | [`pool`] | threads that share the iterations of a kernel |
//! | [`shape`], [`element`] | what a tensor type is made of |
//! | `cuda` | GPUs of NVIDIA: driver, memory, copies; with the feature `cuda` |
//! | [`device`] | where tensors can be |
//! | `storage` | aligned memory, the only allocation by hand; on a GPU, with a mirror |
//! | [`mod@tensor`] | tensors: construction, conversion, random elements, printing |
//! | `file`, [`npy`], [`idx`], [`safetensors`] | reading and writing files |
//! | [`parameters`] | structs of tensors by name |
//! | [`kernel`] | the operations of kernels rendered as Rust |
//! | [`program`] | the interface of generated code: binding dimensions, launching kernels |
//! | [`recent`] | what was made for a key, kept up to a bound |
//! | [`loader`] | object files in memory, without the system's loader |
//! | [`jit`] | kernels as C text, compiled and loaded while the program runs |
//!
//! Nothing here builds graphs.

pub mod config;
#[cfg(feature = "cuda")]
mod cuda;
pub mod device;
pub mod element;
pub mod error;
mod file;
pub mod idx;
pub mod isa;
#[doc(hidden)]
pub mod jit;
#[doc(hidden)]
pub mod kernel;
#[doc(hidden)]
pub mod loader;
pub mod npy;
pub mod parameters;
pub mod pool;
mod profile;
#[doc(hidden)]
pub mod program;
#[doc(hidden)]
pub mod recent;
pub mod safetensors;
pub mod shape;
mod storage;
pub mod tensor;

pub use config::Config;
pub use device::Device;
pub use element::{Element, Float, bf16, f16};
pub use error::{Error, Result};
pub use parameters::Parameters;
pub use shape::{Const, Dim, Dyn, Shape, StaticShape};
pub use storage::ALIGNMENT;
pub use tensor::{Tensor, TensorView, TensorViewMut};
