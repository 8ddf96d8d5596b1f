//! Copies of the elements of a tensor in the orders in which kernels read them, kept beside the elements.
//!
//! A list that only grows while the elements are shared: looking for a copy takes no lock. Of two threads that add the same
//! copy at once one loses, and uses the other's. There is no way to find an old copy: whoever gets the elements for writing
//! has them exclusively, and drops all copies.

use std::sync::OnceLock;

use super::Storage;

/// The copies of one tensor.
#[derive(Default)]
pub struct Packs(OnceLock<Box<Pack>>);

/// A copy, and those that were made later.
struct Pack {
    key: u64,
    copy: Storage<u8>,
    later: Packs,
}

impl Packs {
    /// No copies.
    pub const fn new() -> Packs {
        Packs(OnceLock::new())
    }

    /// The copy that `key` tells, if there is one.
    pub fn find(&self, key: u64) -> Option<*const u8> {
        let mut rest = self;
        while let Some(pack) = rest.0.get() {
            if pack.key == key {
                return Some(pack.copy.start());
            }
            rest = &pack.later;
        }
        None
    }

    /// Adds a copy, unless there is one of this key; returns that which is there then.
    pub fn add(&self, key: u64, copy: Storage<u8>) -> *const u8 {
        let mut new = Some(Box::new(Pack { key, copy, later: Packs::new() }));
        let mut rest = self;
        loop {
            if let Some(pack) = new.take() {
                new = rest.0.set(pack).err();
            }
            match rest.0.get() {
                Some(pack) if pack.key == key => return pack.copy.start(),
                Some(pack) => rest = &pack.later,
                None => unreachable!("it has just been set, by this thread or another"),
            }
        }
    }

    /// Drops all copies.
    pub fn clear(&mut self) {
        // Asked for often, and rarely there.
        if self.0.get_mut().is_some() {
            self.0 = OnceLock::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(byte: u8) -> Storage<u8> {
        Storage::filled(3, byte).unwrap()
    }

    #[test]
    fn the_first_copy_of_a_key_stays_until_all_are_dropped() {
        let mut packs = Packs::new();
        assert_eq!(packs.find(1), None);
        let first = packs.add(1, copy(1));
        let second = packs.add(2, copy(2));
        assert_eq!(packs.add(1, copy(9)), first);
        assert_eq!((packs.find(1), packs.find(2), packs.find(3)), (Some(first), Some(second), None));
        packs.clear();
        assert_eq!((packs.find(1), packs.find(2)), (None, None));
    }

    #[test]
    fn threads_agree_on_one_copy() {
        let packs = Packs::new();
        std::thread::scope(|scope| {
            let add = |key: u64| packs.add(key, copy(key as u8)) as usize;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(move || (0..8).map(add).collect::<Vec<_>>())).collect();
            let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(seen.iter().all(|copies| *copies == seen[0]));
        });
    }
}
