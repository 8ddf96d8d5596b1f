//! Large blocks that were freed, kept for the next tensor of the same size.
//!
//! A block fresh from the system costs page faults: where pages are small, writing 64 MiB of results then takes three
//! times as long as writing them to memory in use. Repeated calls make results of the same size, so a few blocks are
//! enough. What is kept is bounded; when memory runs out it is given back first.

use std::alloc::{Layout, dealloc};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Smallest block that is kept, in bytes: allocators reuse smaller ones well themselves.
const LEAST: usize = 1 << 20;

/// Bytes kept at most, all blocks together.
const MOST: usize = 256 << 20;

/// Blocks kept at most.
const BLOCKS: usize = 8;

/// A block that nobody uses.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a `Block` owns its memory, which belongs to no thread.
unsafe impl Send for Block {}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `keep` was promised that `start` was allocated with `layout`, and handed over.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Blocks that nobody uses, the oldest first.
struct Kept(Vec<Block>);

impl Kept {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let at = self.0.iter().rposition(|block| block.layout == layout)?;
        // The block goes to the caller: dropping it here would free it.
        Some(ManuallyDrop::new(self.0.remove(at)).start)
    }

    fn add(&mut self, block: Block) {
        self.0.push(block);
        while self.bytes() > MOST || self.0.len() > BLOCKS {
            self.0.remove(0);
        }
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|block| block.layout.size()).sum()
    }
}

/// The blocks of the process.
fn kept() -> MutexGuard<'static, Kept> {
    static KEPT: Mutex<Kept> = Mutex::new(Kept(Vec::new()));
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A kept block of exactly this layout, with whatever was in it.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    if layout.size() < LEAST { None } else { kept().take(layout) }
}

/// Frees a block, or keeps it and frees the oldest ones that are too many then.
///
/// # Safety
/// `start` was allocated with `layout` by the global allocator, and nobody uses it any more.
pub(super) unsafe fn free(start: NonNull<u8>, layout: Layout) {
    let block = Block { start, layout };
    if layout.size() >= LEAST {
        kept().add(block);
    }
}

/// Gives all kept blocks back to the system.
pub(super) fn give_back() {
    kept().0.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Storage, TEST_STEP};
    use std::alloc::alloc;

    fn block(size: usize) -> Block {
        let layout = Layout::from_size_align(size, 64).unwrap();
        // SAFETY: the size is above 0.
        Block { start: NonNull::new(unsafe { alloc(layout) }).unwrap(), layout }
    }

    #[test]
    fn a_block_comes_back_once_for_its_layout() {
        let mut kept = Kept(Vec::new());
        let (first, layout) = (block(LEAST), Layout::from_size_align(LEAST, 64).unwrap());
        let place = first.start;
        kept.add(first);
        assert_eq!(kept.take(Layout::from_size_align(LEAST + 64, 64).unwrap()), None);
        assert_eq!(kept.take(layout), Some(place));
        assert_eq!(kept.take(layout), None);
        kept.add(Block { start: place, layout });
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept(Vec::new());
        for size in 1..=3 * BLOCKS {
            kept.add(block(LEAST * size));
            assert!(kept.0.len() <= BLOCKS);
        }
        for size in [MOST / 2, MOST / 2, MOST / 2, MOST + 64] {
            kept.add(block(size));
            assert!(kept.bytes() <= MOST);
        }
        assert!(kept.0.is_empty());
    }

    #[test]
    fn zeros_are_zeros_in_used_memory() {
        for _ in 0..4 {
            let mut zeros = Storage::<u8>::zeroed(LEAST + 4096).unwrap();
            assert!(zeros.iter().step_by(TEST_STEP).all(|byte| *byte == 0));
            zeros.fill(7);
        }
    }
}
