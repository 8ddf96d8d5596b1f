//! Finding a node by its content, which makes equal expressions one node.
//!
//! A table of ids with open addressing, for a graph that never removes a node. The nodes keep their hashes, so nothing
//! is hashed twice. At opt-level 0, where this runs, a general hash map takes several times as long.

use crate::ir::Id;

/// Ids by hash.
#[derive(Default)]
pub(super) struct Table {
    /// 0, or an id plus one. As many as a power of two, and at least twice as many as there are ids.
    slots: Vec<u32>,
    used: usize,
}

impl Table {
    /// The first id that has `hash`, or one that ends in the same place, and for which `is` holds.
    pub fn find(&self, hash: u64, is: impl Fn(Id) -> bool) -> Option<Id> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            let id = Id(self.slots[at] - 1);
            if is(id) {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Adds `id`, which is new; `hash` gives the hashes of all ids.
    pub fn insert(&mut self, id: Id, hash: impl Fn(Id) -> u64) {
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let larger = (self.slots.len() * 2).max(64);
            let old = std::mem::replace(&mut self.slots, vec![0; larger]);
            old.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.put(Id(slot - 1), &hash));
        }
        self.put(id, &hash);
    }

    fn put(&mut self, id: Id, hash: &impl Fn(Id) -> u64) {
        let mask = self.slots.len() - 1;
        let mut at = hash(id) as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = id.0 + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_by_hash_and_content_however_many_collide() {
        let hash = |id: Id| u64::from(id.0 % 7);
        let mut table = Table::default();
        for id in (0..500).map(Id) {
            assert_eq!(table.find(hash(id), |other| other == id), None);
            table.insert(id, hash);
            assert_eq!(table.find(hash(id), |other| other == id), Some(id));
        }
        assert_eq!(table.find(3, |other| other.0 == 10), Some(Id(10)));
    }
}
