//! Memory for code: pages that are first written and then executed, never both.
//!
//! Blocks come from the system itself, because the allocator's may not be executed.

#[cfg_attr(target_os = "linux", path = "pages/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "pages/other.rs")]
mod system;

use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::slice;

pub(super) use system::page;

/// What may be done with pages that have been filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Execute,
    Read,
}

/// A block of whole pages, given back when dropped.
#[derive(Debug)]
pub(super) struct Pages {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the block belongs to the value, as that of a `Vec<u8>` does.
unsafe impl Send for Pages {}
// SAFETY: shared access gives addresses only.
unsafe impl Sync for Pages {}

impl Pages {
    /// A block of `bytes` bytes, not 0 and a multiple of the page, whose contents `write` makes of zeros and the block's
    /// address. Then `code` can be executed and `constants` can be read, both whole pages; the rest stays data. With `low`,
    /// the block is in the lowest 2 GiB of the address space.
    ///
    /// # Errors
    /// Those of `write`, and `refused` of the system's.
    pub(super) fn new<E>(
        bytes: usize,
        low: bool,
        (code, constants): (Range<usize>, Range<usize>),
        write: impl FnOnce(u64, &mut [u8]) -> Result<(), E>,
        refused: impl Fn(io::Error) -> E,
    ) -> Result<Pages, E> {
        let pages = Pages { start: system::map(bytes, low).map_err(&refused)?, bytes };
        // SAFETY: the block has these bytes, all zeros, and nothing else knows of it yet.
        write(pages.start.as_ptr() as u64, unsafe { slice::from_raw_parts_mut(pages.start.as_ptr(), bytes) })?;
        pages.flush(code.clone());
        let protected = pages.protect(code, Access::Execute);
        protected.and_then(|()| pages.protect(constants, Access::Read)).map_err(refused)?;
        Ok(pages)
    }

    /// The address of the byte `at` of the block.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn address(&self, at: usize) -> NonNull<u8> {
        assert!(at < self.bytes, "byte {at} of {}", self.bytes);
        // SAFETY: the byte is in the block.
        unsafe { self.start.add(at) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn protect(&self, part: Range<usize>, access: Access) -> io::Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        assert!(part.end <= self.bytes, "{part:?} of {}", self.bytes);
        // SAFETY: the pages are part of the block, which nobody writes any more.
        unsafe { system::protect(self.address(part.start).as_ptr(), part.len(), access) }
    }

    /// Other processors keep their instructions in step with memory by themselves.
    #[cfg(not(target_arch = "aarch64"))]
    fn flush(&self, _: Range<usize>) {}

    /// Makes what was written visible to the fetching of instructions.
    #[cfg(target_arch = "aarch64")]
    fn flush(&self, part: Range<usize>) {
        use std::arch::asm;
        let sizes: usize;
        // SAFETY: reads a register that programs may read.
        unsafe { asm!("mrs {}, ctr_el0", out(reg) sizes, options(nomem, nostack, preserves_flags)) };
        // The smallest lines of the caches of data and of instructions, as logarithms of words of 4 bytes.
        let (data, code) = (4 << (sizes >> 16 & 15), 4 << (sizes & 15));
        let start = self.start.as_ptr() as usize;
        let lines = |bytes: usize| (start + part.start..start + part.end).step_by(bytes);
        for line in lines(data) {
            // SAFETY: writes a line of the block, which begins on a page, back to memory.
            unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
        }
        // SAFETY: waits for that.
        unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
        for line in lines(code) {
            // SAFETY: drops the line from the caches of instructions.
            unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)) };
        }
        // SAFETY: waits for that, and drops instructions that were fetched before.
        unsafe { asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the block is a mapping of its own, and its owner is gone.
        unsafe { system::unmap(self.start, self.bytes) };
    }
}
