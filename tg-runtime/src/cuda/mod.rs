//! GPUs of NVIDIA: the driver, devices, memory and copies.
//!
//! Everything on a device is put on one stream, in the order of the calls: a block of memory that is freed and given to
//! another tensor needs no further care. A device is opened once and stays open until the process ends. Launching
//! kernels is not here but in `program`.

mod copy;
mod driver;
mod gpu;
mod limits;
mod memory;
mod recycle;

pub(crate) use cudarc::driver::sys;
pub(crate) use driver::{check, failure, has_early_edges};
pub use gpu::Cuda;
pub(crate) use gpu::MAX_DEVICES;
#[cfg(test)]
pub(crate) use gpu::imagined;
pub(crate) use memory::Block;
