//! Pages of 2 MiB for large blocks, where the system gives them to those who ask.
//!
//! A kernel that streams through memory needs another page every 4 KiB, and finding each takes it a tenth to a quarter
//! of its time; and the first access to each is a page fault, which together take longer than the zeroing of large pages
//! by a factor of six. Linux is usually set to give large pages on request (`transparent_hugepage/enabled` is
//! `madvise`). The request is a hint: without it, or with no such page left, memory is only slower. Blocks still come from
//! the global allocator and go back to it. Other systems are left alone.

use std::ptr::NonNull;

use super::ALIGNMENT;

/// Bytes of a large page on x86-64, and on aarch64 with small pages of 4 KiB.
const PAGE: usize = 2 << 20;

/// Smallest block that begins on a large page, in bytes. Smaller ones would spend up to as much on alignment.
const LEAST: usize = 2 * PAGE;

/// What a block of `bytes` bytes is aligned to.
pub(super) const fn alignment(bytes: usize) -> usize {
    if cfg!(target_os = "linux") && bytes >= LEAST { PAGE } else { ALIGNMENT }
}

/// How many bytes of a block are whole large pages, if it is aligned to them. What follows belongs to others too.
#[cfg(any(all(target_os = "linux", not(miri)), test))]
const fn whole(bytes: usize) -> usize {
    if alignment(bytes) == PAGE { bytes / PAGE * PAGE } else { 0 }
}

/// Asks for large pages.
///
/// # Safety
/// `start` is the beginning of a block of `bytes` bytes, aligned to [`alignment`], that the caller owns.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) unsafe fn advise(start: NonNull<u8>, bytes: usize) {
    if whole(bytes) > 0 {
        // SAFETY: the range is part of a block that the caller owns, and the advice changes nothing that a program can
        // read. Failure is ignored by design: without large pages, or on a kernel that has none, all else is the same.
        unsafe { libc::madvise(start.as_ptr().cast(), whole(bytes), libc::MADV_HUGEPAGE) };
    }
}

/// Other systems, and the interpreter of Rust, have no such request.
///
/// # Safety
/// None is needed.
#[cfg(any(not(target_os = "linux"), miri))]
pub(super) unsafe fn advise(_: NonNull<u8>, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Storage, TEST_STEP};

    #[test]
    fn only_whole_pages_of_large_blocks_are_advised() {
        for (bytes, advised) in [(0, 0), (PAGE, 0), (LEAST - 1, 0), (LEAST, LEAST), (LEAST + PAGE - 1, LEAST)] {
            assert_eq!(whole(bytes), if cfg!(target_os = "linux") { advised } else { 0 });
        }
    }

    #[test]
    fn large_blocks_begin_on_a_large_page() {
        for len in [LEAST - 1, LEAST, LEAST + 1, LEAST + PAGE + 4096] {
            let mut zeros = Storage::<u8>::zeroed(len).unwrap();
            assert_eq!(zeros.start() as usize % alignment(len), 0);
            assert!(zeros.iter().step_by(TEST_STEP).all(|byte| *byte == 0));
            zeros.fill(7);
            assert!(Storage::copied(&zeros).unwrap().iter().step_by(TEST_STEP).all(|byte| *byte == 7));
        }
    }

    /// The flags of the mapping that holds `address`, as the kernel tells them.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn flags(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let holds = |line: &str| {
            let mut ends = line.split(' ').next().unwrap_or("").split('-').map(|end| usize::from_str_radix(end, 16));
            matches!((ends.next(), ends.next()), (Some(Ok(begin)), Some(Ok(end))) if (begin..end).contains(&address))
        };
        let of_mapping = maps.lines().skip_while(|line| !holds(line));
        of_mapping.filter_map(|line| line.strip_prefix("VmFlags:")).next().unwrap_or("").to_owned()
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn the_kernel_knows_of_the_request() {
        let block = Storage::<f32>::zeroed(LEAST).unwrap();
        if std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            let flags = flags(block.start() as usize);
            assert!(flags.split(' ').any(|flag| flag == "hg"), "{flags}");
        }
    }
}
