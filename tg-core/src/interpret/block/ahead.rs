//! Copies that run ahead: begun by a STORE, grouped by COMMIT, arrived after the WAIT that leaves out fewer groups.
//!
//! Values are in memory from the beginning, but to use an element while it is on its way is an error, and it counts as
//! written both when the copy begins and when it is known to have arrived.

use rustc_hash::FxHashMap;

use crate::interpret::memory::Block;

/// An element of memory.
pub(super) type Element = (Block, usize);

/// The copies of one thread that are on their way.
#[derive(Default)]
pub(super) struct Ahead {
    /// Elements by group, oldest first; the last one is not committed.
    groups: Vec<Vec<Element>>,
    /// How many of them are of each element.
    counts: FxHashMap<Element, usize>,
}

impl Ahead {
    pub fn begin(&mut self, element: Element) {
        if self.groups.is_empty() {
            self.groups.push(vec![]);
        }
        if let Some(group) = self.groups.last_mut() {
            group.push(element);
            *self.counts.entry(element).or_default() += 1;
        }
    }

    pub fn commit(&mut self) {
        if self.groups.is_empty() {
            self.groups.push(vec![]);
        }
        self.groups.push(vec![]);
    }

    /// The elements of all committed groups but the last `left`, which have arrived.
    pub fn wait(&mut self, left: usize) -> Vec<Element> {
        let arrived = self.groups.len().saturating_sub(left + 1);
        let elements: Vec<_> = self.groups.drain(..arrived).flatten().collect();
        for element in &elements {
            self.counts.entry(*element).and_modify(|count| *count -= 1);
        }
        elements
    }

    pub fn is_on_its_way(&self, element: Element) -> bool {
        self.counts.get(&element).is_some_and(|count| *count > 0)
    }
}
