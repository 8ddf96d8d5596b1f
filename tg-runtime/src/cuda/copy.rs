//! Copies between the memory of the process and that of a device, through pinned memory.
//!
//! The device reads and writes memory by itself only where the system cannot move it. Large tensors go through two
//! pinned parts by turns: one is filled by the processor while the device empties the other.

use std::ptr::NonNull;
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use super::driver::check;
use super::gpu::Cuda;
use super::memory::Block;
use super::sys;
use crate::config::Config;
use crate::error::Result;
use crate::profile::{Event, Sink, Span, Transfer};

/// Bytes of each part: large enough that starting a copy costs little beside it.
const PART: usize = 4 << 20;

/// The pinned parts of a device, each with an event that tells when the device is done with it.
pub(super) struct Staging {
    parts: [(NonNull<u8>, sys::CUevent); 2],
}

impl Staging {
    fn new() -> Result<Staging> {
        Ok(Staging { parts: [part()?, part()?] })
    }
}

fn part() -> Result<(NonNull<u8>, sys::CUevent)> {
    let (mut start, mut event) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the pointer is valid for a pointer; a context is current.
    check(unsafe { sys::cuMemHostAlloc(&mut start, PART, 0) }, "allocating pinned memory")?;
    let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING as u32;
    // SAFETY: the pointer is valid for a handle.
    check(unsafe { sys::cuEventCreate(&mut event, flags) }, "making an event")?;
    let start = NonNull::new(start.cast()).unwrap_or(NonNull::dangling());
    Ok((start, event))
}

fn wait(event: sys::CUevent) -> Result<()> {
    // SAFETY: the event stays until the process ends; one that was never recorded counts as done.
    check(
        unsafe { sys::cuEventSynchronize(event) },
        "waiting for a copy, before which an earlier kernel may have failed",
    )
}

impl Cuda {
    /// The pinned memory, for one copy at a time.
    fn staging(&self) -> Result<MutexGuard<'static, Option<Staging>>> {
        self.enter()?;
        let mut staging = self.0.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if staging.is_none() {
            *staging = Some(Staging::new()?);
        }
        Ok(staging)
    }

    fn record(&self, event: sys::CUevent) -> Result<()> {
        // SAFETY: event and stream stay until the process ends.
        check(unsafe { sys::cuEventRecord(event, self.stream()) }, "marking the end of a copy")
    }
}

impl Block {
    /// A copy of `bytes` on a device. It may not be there yet when this returns, but `bytes` are free for other use.
    ///
    /// # Errors
    /// As [`Block::new`].
    pub fn upload(gpu: Cuda, bytes: &[u8]) -> Result<Block> {
        let block = Block::new(gpu, bytes.len())?;
        block.write(bytes)?;
        Ok(block)
    }

    /// Replaces what is in the block by `bytes`, which are as many.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        assert_eq!(bytes.len(), self.bytes(), "a block is written as a whole");
        if bytes.is_empty() {
            return Ok(());
        }
        self.watched("to", || self.write_parts(bytes))
    }

    fn write_parts(&self, bytes: &[u8]) -> Result<()> {
        let gpu = self.gpu();
        let staging = gpu.staging()?;
        let parts = staging.iter().flat_map(|staging| staging.parts).cycle();
        for ((at, chunk), (part, event)) in (0u64..).step_by(PART).zip(bytes.chunks(PART)).zip(parts) {
            wait(event)?;
            // SAFETY: a part has `PART` bytes, which the device is done with, and this thread has the only access.
            unsafe { part.as_ptr().copy_from_nonoverlapping(chunk.as_ptr(), chunk.len()) };
            // SAFETY: `at..at + chunk.len()` lies in the block; the part is not touched before its event.
            let copy = unsafe {
                sys::cuMemcpyHtoDAsync_v2(self.start() + at, part.as_ptr().cast(), chunk.len(), gpu.stream())
            };
            check(copy, "copying to the device")?;
            gpu.record(event)?;
        }
        Ok(())
    }

    /// Copies what is in the block to `bytes`.
    ///
    /// # Errors
    /// [`crate::Error::Cuda`] if a kernel failed before, or the device was lost.
    ///
    /// # Safety
    /// There is memory for as many bytes as the block has at `bytes`, which nobody else uses.
    pub unsafe fn read(&self, bytes: *mut u8) -> Result<()> {
        if self.bytes() == 0 {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        self.watched("from", || unsafe { self.read_parts(bytes) })
    }

    /// # Safety
    /// As for [`Block::read`].
    unsafe fn read_parts(&self, bytes: *mut u8) -> Result<()> {
        let gpu = self.gpu();
        let staging = gpu.staging()?;
        let parts = staging.iter().flat_map(|staging| staging.parts).cycle();
        let chunks = (0..self.bytes()).step_by(PART).map(|at| (at, PART.min(self.bytes() - at)));
        let mut last = None;
        for ((at, length), (part, event)) in chunks.zip(parts) {
            // A part may still be on its way to the device; the stream keeps the order.
            // SAFETY: `at..at + length` lies in the block, and a part has `PART` bytes.
            let copy = unsafe {
                sys::cuMemcpyDtoHAsync_v2(part.as_ptr().cast(), self.start() + at as u64, length, gpu.stream())
            };
            check(copy, "copying from the device")?;
            gpu.record(event)?;
            if let Some(chunk) = last.replace(Chunk { at, length, part, event }) {
                // SAFETY: the caller promises memory for the whole block.
                unsafe { chunk.take(bytes)? };
            }
        }
        // SAFETY: as above.
        last.map_or(Ok(()), |chunk| unsafe { chunk.take(bytes) })
    }

    /// Does `copy`, which is to, from or on the device; if somebody watches, waits for its end and reports it.
    pub(super) fn watched(&self, way: &str, copy: impl FnOnce() -> Result<()>) -> Result<()> {
        let Some(sink) = Sink::of(Config::of_process()?) else { return copy() };
        let begin = Instant::now();
        copy()?;
        self.gpu().synchronize()?;
        let transfer = Transfer { name: format!("copy {way} {}", self.gpu()), bytes: self.bytes() };
        sink.add(Span::since(begin), Event::Transfer(transfer));
        Ok(())
    }
}

/// What is on its way from the device to a part.
struct Chunk {
    at: usize,
    length: usize,
    part: NonNull<u8>,
    event: sys::CUevent,
}

impl Chunk {
    /// Waits for it, and puts it into its place after `bytes`.
    ///
    /// # Safety
    /// There is memory for it at that place, which nobody else uses.
    unsafe fn take(self, bytes: *mut u8) -> Result<()> {
        wait(self.event)?;
        // SAFETY: the device has written these bytes of the part, and the caller vouches for the place.
        unsafe { bytes.add(self.at).copy_from_nonoverlapping(self.part.as_ptr(), self.length) };
        Ok(())
    }
}
