//! Pages of 2 MiB for large blocks, where the system gives them to those who ask.
//!
//! A kernel that streams through memory needs another page every 4 KiB, and finding each takes it a tenth to a quarter
//! of its time; and the first access to each is a page fault, which together take longer than the zeroing of large pages
//! by a factor of six. Linux is usually set to give large pages on request (`transparent_hugepage/enabled` is
//! `madvise`). The request is a hint: without it, or with no such page left, memory is only slower. Blocks still come from
//! the global allocator and go back to it. Other systems are left alone.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::ALIGNMENT;

/// Bytes of a large page on x86-64, and on aarch64 with small pages of 4 KiB.
const PAGE: usize = 2 << 20;

/// A block takes whole large pages if that adds at most one part in so many.
const PART: usize = 8;

/// The layout of a block for so many bytes: of one large page or more, it begins on one, and ends with one where little is
/// missing. `None` if it does not fit the address space.
pub(super) fn layout(bytes: usize) -> Option<Layout> {
    let pages = bytes.checked_next_multiple_of(PAGE).filter(|pages| pages - bytes <= bytes / PART);
    let size = pages.unwrap_or(bytes);
    let is_large = size >= PAGE && cfg!(target_os = "linux");
    let (size, alignment) = if is_large { (size, PAGE) } else { (bytes, ALIGNMENT) };
    Layout::from_size_align(size, alignment).ok()
}

/// How many bytes of a block are whole large pages. What follows belongs to others too.
#[cfg(any(all(target_os = "linux", not(miri)), test))]
const fn whole(layout: Layout) -> usize {
    if layout.align() == PAGE { layout.size() / PAGE * PAGE } else { 0 }
}

/// Asks for large pages.
///
/// # Safety
/// `start` is the beginning of a block of this layout that the caller owns.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) unsafe fn advise(start: NonNull<u8>, layout: Layout) {
    if whole(layout) > 0 {
        // SAFETY: the range is part of a block that the caller owns, and the advice changes nothing that a program can
        // read. Failure is ignored by design: without large pages, or on a kernel that has none, all else is the same.
        unsafe { libc::madvise(start.as_ptr().cast(), whole(layout), libc::MADV_HUGEPAGE) };
    }
}

/// Other systems, and the interpreter of Rust, have no such request.
///
/// # Safety
/// None is needed.
#[cfg(any(not(target_os = "linux"), miri))]
pub(super) unsafe fn advise(_: NonNull<u8>, _: Layout) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Storage, TEST_STEP};

    #[test]
    fn large_blocks_are_whole_large_pages_where_little_is_missing() {
        let little = PAGE / 16;
        let cases = [
            (0, 0, 0),
            (PAGE / 2, PAGE / 2, 0),
            (PAGE - little, PAGE, PAGE),
            (PAGE, PAGE, PAGE),
            (PAGE + little, PAGE + little, PAGE),
            (2 * PAGE - little, 2 * PAGE, 2 * PAGE),
        ];
        for (bytes, size, advised) in cases {
            let layout = layout(bytes).unwrap();
            let expected = if cfg!(target_os = "linux") { (size, advised) } else { (bytes, 0) };
            assert_eq!((layout.size(), whole(layout)), expected, "{bytes}");
        }
    }

    #[test]
    fn large_blocks_begin_on_a_large_page() {
        for len in [PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 4096] {
            let mut zeros = Storage::<u8>::zeroed(len).unwrap();
            assert_eq!(zeros.start() as usize % layout(len).unwrap().align(), 0);
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
        let block = Storage::<u8>::zeroed(PAGE).unwrap();
        if std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            let flags = flags(block.start() as usize);
            assert!(flags.split(' ').any(|flag| flag == "hg"), "{flags}");
        }
    }
}
