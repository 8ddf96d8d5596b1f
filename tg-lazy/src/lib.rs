//! Tensors of any shape that are computed when asked for, by kernels compiled while the program runs.
//!
//! The methods, the gradients, the schedule and the kernels are those of tensor functions; here they work on shapes that are
//! not known before. A method call adds nodes to a graph. Asking for elements cuts out the part of the graph that they depend
//! on, compiles it by the C compiler of the machine or finds it compiled, in memory or on the disk, and runs it. Where there is no C
//! compiler it is interpreted.
//!
//! Each module uses only those above it:
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | the one error type |
//! | [`device`], `data` | where tensors are, and their elements |
//! | `record` | keys of what can be hashed |
//! | `world` | the graph of the process, what each tensor is in it, and what it is computed by |
//! | `debug`, `compile`, `interpret` | programs by their keys, what is shown of them, and how they run without kernels |
//! | [`value`] | what methods take |
//! | `tensor`, `call`, `realize` | the tensor; calling methods; computing. These three use each other |
//! | `method`, `operator`, `gradient`, `print` | what is called on tensors |
//! | `files`, `array` | tensors in npy and safetensors files, and as arrays of the crate ndarray |
//! | `inspect`, [`explore`] | how tensors are computed, to look at |
//! | `jit` | functions of tensors that are traced once |
//! | `fallback` | tensor functions of a build, run from their graphs |

#[cfg(feature = "ndarray")]
mod array;
mod call;
mod compile;
mod data;
mod debug;
pub mod device;
pub mod error;
mod explore;
mod fallback;
mod files;
mod gradient;
mod inspect;
mod interpret;
mod jit;
#[rustfmt::skip]
mod method;
mod operator;
mod print;
mod realize;
mod record;
mod tensor;
pub mod value;
mod world;

pub use call::call;
pub use data::Typed;
pub use device::Device;
pub use error::{Error, ErrorKind, Result};
pub use explore::explore;
#[doc(hidden)]
pub use fallback::run_graph;
pub use files::{load, save};
pub use gradient::grad;
#[doc(hidden)]
pub use inspect::with_function;
pub use jit::{Jit, Tensors, jit};
pub use method::*;
pub use realize::realize;
pub use tensor::Tensor;
pub use tg_core::dtype::DType;
pub use value::{Value, Values};
#[doc(hidden)]
pub use world::graph_size;
