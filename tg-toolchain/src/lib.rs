//! Starts the C compiler and NVIDIA's assembler, and keeps the cache of compiled kernels.
//!
//! The only crate that starts other programs or writes files on tg's behalf; used by the macros while a crate
//! compiles and by the runtime when it compiles just in time. C text comes in, assembly or object
//! code goes out; PTX comes in, machine code for GPUs goes out. It
//! knows nothing of tensors, and prints nothing.
#![forbid(unsafe_code)]

mod assemble;
mod cache;
mod compiler;
mod embed;
mod error;
mod executable;
pub mod locate;
mod process;
mod ptxas;
mod remember;
mod toolchain;

pub use assemble::{COMPILE_LIMIT, Job};
pub use cache::{CACHE_LIMIT, Cache, Key};
pub use compiler::{Compiler, Family, host_triple};
pub use embed::{Assembly, PLACEHOLDER};
pub use error::Error;
pub use executable::{Executable, RunError};
pub use ptxas::{Cubin, PTXAS_VARIABLE, Ptxas, Usage};
pub use toolchain::{Counts, Toolchain};
