//! Blocks of memory on a device, from its pool, in the order of its stream.

use std::sync::{MutexGuard, PoisonError};

use super::driver::check;
use super::gpu::Cuda;
use super::recycle::Kept;
use super::sys::{self, CUresult};
use crate::error::{Error, Result};

/// An owned block of memory on a device. It begins at a multiple of 256 bytes; 0 bytes take no memory.
pub(crate) struct Block {
    gpu: Cuda,
    start: sys::CUdeviceptr,
    bytes: usize,
}

impl Block {
    /// Memory that nobody has written yet.
    ///
    /// # Errors
    /// [`Error::DeviceMemory`], [`Error::Cuda`].
    pub fn new(gpu: Cuda, bytes: usize) -> Result<Block> {
        if bytes == 0 {
            return Ok(Block { gpu, start: 0, bytes });
        }
        if let Some(start) = gpu.kept().take(bytes) {
            return Ok(Block { gpu, start, bytes });
        }
        gpu.enter()?;
        let mut result = allocate(gpu, bytes);
        if let Err(CUresult::CUDA_ERROR_OUT_OF_MEMORY) = result {
            // What is kept may be in pieces that are too small.
            gpu.give_back()?;
            result = allocate(gpu, bytes);
        }
        match result {
            Ok(start) => Ok(Block { gpu, start, bytes }),
            Err(CUresult::CUDA_ERROR_OUT_OF_MEMORY) => {
                let (free, total) = gpu.memory()?;
                Err(Error::DeviceMemory { device: gpu.to_string(), bytes, free, total })
            }
            Err(other) => Err(super::failure(other, format!("allocating {bytes} bytes on {gpu}"))),
        }
    }

    /// The device.
    pub fn gpu(&self) -> Cuda {
        self.gpu
    }

    /// Where it begins, in the device's memory.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A copy on the same device.
    ///
    /// # Errors
    /// As [`Block::new`].
    pub fn copied(&self) -> Result<Block> {
        let copy = Block::new(self.gpu, self.bytes)?;
        if self.bytes > 0 {
            self.watched("on", || {
                let (stream, bytes) = (self.gpu.stream(), self.bytes);
                // SAFETY: both blocks have this size, and are there until what is put on the stream here is done.
                check(
                    unsafe { sys::cuMemcpyDtoDAsync_v2(copy.start, self.start, bytes, stream) },
                    "copying on the device",
                )
            })?;
        }
        Ok(copy)
    }
}

fn allocate(gpu: Cuda, bytes: usize) -> std::result::Result<sys::CUdeviceptr, CUresult> {
    let mut start = 0;
    // SAFETY: the pointer is valid for an address; the stream is the device's, which is current.
    match unsafe { sys::cuMemAllocAsync(&mut start, bytes, gpu.stream()) } {
        CUresult::CUDA_SUCCESS => Ok(start),
        other => Err(other),
    }
}

/// Gives a block back to the pool. On a device that was lost this fails, and there is nothing left to free.
///
/// # Safety
/// The block came from [`allocate`]; whoever used it put that on the stream before.
unsafe fn free(gpu: Cuda, start: sys::CUdeviceptr) {
    if gpu.enter().is_ok() {
        // SAFETY: the caller's promise.
        unsafe { sys::cuMemFreeAsync(start, gpu.stream()) };
    }
}

impl Cuda {
    fn kept(&self) -> MutexGuard<'static, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives memory that nobody uses back to the system.
    fn give_back(&self) -> Result<()> {
        let kept = self.kept().give_back();
        // SAFETY: kept blocks are those of dropped ones.
        kept.into_iter().for_each(|start| unsafe { free(*self, start) });
        self.synchronize()?;
        // SAFETY: the pool is the device's own.
        check(unsafe { sys::cuMemPoolTrimTo(self.pool(), 0) }, "giving back memory")
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.bytes > 0
            && let Some(start) = self.gpu.kept().add(self.bytes, self.start)
        {
            // SAFETY: the block came from `allocate`; whoever used it put that on the stream before.
            unsafe { free(self.gpu, start) };
        }
    }
}
