//! Small blocks that were freed, kept for the next tensor of the same size.
//!
//! Asking the driver for a block and giving it back takes some microseconds, as much as a small kernel. Whoever gets a
//! kept block uses it on the same stream, after whoever had it before.

use super::sys::CUdeviceptr;

/// Largest block that is kept, in bytes: the work on larger ones takes longer than asking for them.
const LARGEST: usize = 1 << 20;

/// Blocks kept at most.
const BLOCKS: usize = 32;

/// Blocks that nobody uses, with their sizes, the oldest first.
#[derive(Default)]
pub(super) struct Kept(Vec<(usize, CUdeviceptr)>);

impl Kept {
    /// A kept block of exactly this size.
    pub fn take(&mut self, bytes: usize) -> Option<CUdeviceptr> {
        let at = self.0.iter().rposition(|(size, _)| *size == bytes)?;
        Some(self.0.remove(at).1)
    }

    /// Keeps a block; gives back which is to be freed for that.
    pub fn add(&mut self, bytes: usize, start: CUdeviceptr) -> Option<CUdeviceptr> {
        if bytes > LARGEST {
            return Some(start);
        }
        self.0.push((bytes, start));
        (self.0.len() > BLOCKS).then(|| self.0.remove(0).1)
    }

    /// All blocks, to be freed.
    pub fn give_back(&mut self) -> Vec<CUdeviceptr> {
        self.0.drain(..).map(|(_, start)| start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_once_for_its_size() {
        let mut kept = Kept::default();
        assert_eq!(kept.add(512, 1), None);
        assert_eq!([kept.take(256), kept.take(512), kept.take(512)], [None, Some(1), None]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        assert_eq!(kept.add(LARGEST + 1, 7), Some(7));
        let freed: Vec<_> = (0..2 * BLOCKS as u64).filter_map(|start| kept.add(256, start)).collect();
        assert_eq!(freed, (0..BLOCKS as u64).collect::<Vec<_>>());
        assert_eq!((kept.give_back().len(), kept.give_back().len()), (BLOCKS, 0));
    }
}
