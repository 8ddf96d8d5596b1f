//! Who used which element since when: finds accesses whose order nothing decides.
//!
//! Blocks run one after another here, and so do the threads between two barriers, so that of all earlier accesses to an
//! element a summary is enough: the last one, and whether others came before it in the same interval or in other blocks.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::interpret::memory::Block;

/// A thread of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    pub block: i64,
    pub thread: usize,
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} of block {}", self.thread, self.block)
    }
}

/// Accesses of one kind to one element.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    /// The last thread, and the interval it was in.
    last: Option<(Thread, u64)>,
    /// Another thread of the same interval.
    beside: Option<Thread>,
    /// A thread of another block.
    elsewhere: Option<Thread>,
}

impl Marks {
    /// An access that nothing orders with one by `who` in `interval`.
    fn conflict(&self, who: Thread, interval: u64) -> Option<Thread> {
        let (last, since) = self.last?;
        if last.block != who.block {
            return Some(last);
        }
        let same = (since == interval).then_some([Some(last), self.beside]).into_iter().flatten().flatten();
        same.chain(self.elsewhere).find(|other| *other != who)
    }

    fn add(&mut self, who: Thread, interval: u64) {
        match self.last {
            Some((last, _)) if last.block != who.block => (self.elsewhere, self.beside) = (Some(last), None),
            Some((last, since)) if since == interval && last != who => self.beside = Some(last),
            Some((_, since)) if since == interval => {}
            _ => self.beside = None,
        }
        self.last = Some((who, interval));
    }
}

/// All accesses so far.
#[derive(Default)]
pub(super) struct Races {
    elements: FxHashMap<(Block, usize), [Marks; 2]>,
    /// Barriers so far: those between two lie in one interval.
    interval: u64,
}

impl Races {
    /// All threads of the block have met.
    pub fn barrier(&mut self) {
        self.interval += 1;
    }

    /// Another block begins, with scratch memory of its own.
    pub fn next_block(&mut self) {
        self.interval += 1;
        self.elements.retain(|(block, _), _| matches!(block, Block::Global(_)));
    }

    /// Notes that `who` reads; an error is a thread that writes the element meanwhile.
    pub fn read(&mut self, element: (Block, usize), who: Thread) -> Result<(), Thread> {
        let [reads, writes] = self.elements.entry(element).or_default();
        reads.add(who, self.interval);
        writes.conflict(who, self.interval).map_or(Ok(()), Err)
    }

    /// Notes that `who` writes; an error is a thread that reads the element meanwhile, or writes it: of a buffer, only if
    /// it is not to the same value.
    pub fn write(&mut self, element: (Block, usize), who: Thread, is_same: bool) -> Result<(), Thread> {
        let [reads, writes] = self.elements.entry(element).or_default();
        let harmless = is_same && matches!(element.0, Block::Global(_));
        let writer = writes.conflict(who, self.interval).filter(|_| !harmless);
        writes.add(who, self.interval);
        writer.or(reads.conflict(who, self.interval)).map_or(Ok(()), Err)
    }
}
