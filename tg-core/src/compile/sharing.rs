//! How a kernel is cut into shares for threads: the numbers that a runtime goes by, and a search that measures like it.

/// Parts that what belongs to a thread is cut into: more balance better, fewer cost less.
pub const PARTS: usize = 4;
/// Work below which a kernel stays on the calling thread: about two microseconds, from which two threads are faster. As all work, it
/// is in operations of a product: [`crate::schedule::work`].
pub const PARALLEL_WORK: i64 = 300_000;

/// Least work that is handed to a thread at once.
const PART_WORK: i64 = 100_000;
/// Bytes of scratch memory from which each thread gets one share of a kernel: what the kernel does not keep there it reads
/// anew for each share, from far away. 2048³ with four times as many takes a tenth longer.
const LARGE_SCRATCH: usize = 2 << 20;
/// Operations in whose time about one element is put into scratch memory.
const COPY: i64 = 32;
/// A part of the work that shares may do in vain, each for itself.
const IN_VAIN: i64 = 32;

/// A call of a kernel, as far as shares depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    /// Iterations of its outer loop.
    pub iterations: i64,
    /// Work in all.
    pub work: i64,
    /// Bytes of scratch memory, of each thread.
    pub scratch: usize,
    /// Elements of it that each share fills for itself, with the same: [`super::Variant::repeated`].
    pub repeated: i64,
}

impl Shared {
    /// Whether it is worth more than the thread that calls.
    pub fn is_worth_sharing(self) -> bool {
        self.work >= PARALLEL_WORK && self.iterations >= 2
    }

    /// Fewest iterations of a share, for `threads` threads.
    pub fn grain(self, threads: usize) -> i64 {
        let Shared { iterations, work, scratch, repeated } = self;
        let threads = threads as i64;
        let in_vain = repeated.saturating_mul(COPY * IN_VAIN).saturating_mul(threads);
        let each = if scratch >= LARGE_SCRATCH { 1 } else { (work / in_vain.max(1)).max(1) };
        let by_work = iterations.saturating_mul(PART_WORK) / work.max(1);
        by_work.max(iterations / threads.saturating_mul(each)).max(1)
    }

    /// Parts that each of `threads` threads has, at most.
    pub fn parts(self, threads: usize) -> i64 {
        let all = (self.iterations / self.grain(threads)) as usize;
        all.div_ceil(threads).clamp(1, PARTS) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grain(iterations: i64, work: i64, (scratch, repeated): (usize, i64), threads: usize) -> i64 {
        Shared { iterations, work, scratch, repeated }.grain(threads)
    }

    #[test]
    fn shares_are_worth_their_work_and_few_where_each_reads_everything() {
        assert_eq!(grain(1000, 1000 * PART_WORK, (0, 0), 4), 1);
        assert_eq!(grain(1000, 100 * PART_WORK, (0, 0), 4), 10);
        assert_eq!(grain(43, 1000 * PART_WORK, (LARGE_SCRATCH, 0), 2), 21);
        assert_eq!(grain(3, 1000 * PART_WORK, (LARGE_SCRATCH, 0), 8), 1);
    }

    #[test]
    fn a_thread_has_some_parts_and_no_more_than_there_are() {
        let parts = |iterations, scratch| Shared { iterations, work: 1000 * PART_WORK, scratch, repeated: 0 }.parts(2);
        assert_eq!([parts(1000, 0), parts(3, 0), parts(43, LARGE_SCRATCH)], [PARTS as i64, 2, 1]);
    }

    #[test]
    fn little_work_and_single_iterations_stay() {
        let call = Shared { iterations: 100, work: PARALLEL_WORK, scratch: 0, repeated: 0 };
        assert!(call.is_worth_sharing());
        assert!(!Shared { work: PARALLEL_WORK - 1, ..call }.is_worth_sharing());
        assert!(!Shared { iterations: 1, ..call }.is_worth_sharing());
    }

    #[test]
    fn shares_that_copy_much_are_few() {
        // As many as may copy all of it, but one for each thread.
        let work = 1 << 30;
        let copied = |parts: i64| work / (COPY * IN_VAIN * parts);
        assert_eq!(grain(64, work, (0, copied(8)), 2), 8);
        assert_eq!(grain(64, work, (0, copied(4)), 2), 16);
        assert_eq!(grain(64, work, (0, copied(2)), 2), 32);
        assert_eq!(grain(64, work, (0, work), 2), 32);
    }
}
