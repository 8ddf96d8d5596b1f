//! What was made for a key, kept as long as it is used, and beyond that up to a bound.
//!
//! Making takes long, so it happens outside of the map, in a slot of its own: whoever asks for the same key waits for that
//! slot only.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use rustc_hash::FxBuildHasher;

/// Where the value of a key is, or will be.
pub type Slot<T> = Mutex<Option<Arc<T>>>;

/// Slots by key.
#[derive(Debug)]
pub struct Recent<K, T> {
    slots: HashMap<K, Entry<T>, FxBuildHasher>,
    /// Counts uses.
    time: u64,
}

#[derive(Debug)]
struct Entry<T> {
    slot: Arc<Slot<T>>,
    used: u64,
}

impl<K, T> Default for Recent<K, T> {
    fn default() -> Self {
        Recent { slots: HashMap::default(), time: 0 }
    }
}

impl<K: Hash + Eq + Ord + Clone, T> Recent<K, T> {
    /// The slot of `key`, empty at first.
    pub fn slot<Q>(&mut self, key: &Q) -> Arc<Slot<T>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.time += 1;
        if let Some(entry) = self.slots.get_mut(key) {
            entry.used = self.time;
            return entry.slot.clone();
        }
        let slot: Arc<Slot<T>> = Arc::default();
        self.slots.insert(key.to_owned(), Entry { slot: slot.clone(), used: self.time });
        slot
    }

    /// If values take more than `limit` bytes, drops the ones that were not used for longest until they take three quarters
    /// of it; also the slots that stayed empty. Not those that somebody is about to fill. One pass over all.
    pub fn trim(&mut self, limit: usize, bytes: impl Fn(&T) -> usize) {
        self.slots.retain(|_, entry| Arc::strong_count(&entry.slot) > 1 || size(entry, &bytes) > 0);
        let mut sizes: Vec<(u64, K, usize)> =
            self.slots.iter().map(|(key, entry)| (entry.used, key.clone(), size(entry, &bytes))).collect();
        let mut total: usize = sizes.iter().map(|(.., size)| size).sum();
        if total <= limit {
            return;
        }
        sizes.sort();
        for (_, key, size) in sizes.into_iter().filter(|(.., size)| *size > 0) {
            if total <= limit / 4 * 3 {
                break;
            }
            self.slots.remove(&key);
            total -= size;
        }
    }
}

/// Bytes of a value; 0 where there is none, or none yet.
fn size<T>(entry: &Entry<T>, bytes: impl Fn(&T) -> usize) -> usize {
    let held = entry.slot.try_lock();
    held.ok().and_then(|held| held.as_deref().map(bytes)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of the keys below `count` has its value.
    fn held(recent: &Recent<usize, usize>, count: usize) -> Vec<bool> {
        (0..count).map(|number| recent.slots.contains_key(&number)).collect()
    }

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let mut recent = Recent::default();
        for number in 0..5 {
            *recent.slot(&number).lock().unwrap() = Some(Arc::new(100));
        }
        recent.trim(500, |bytes| *bytes);
        assert_eq!(held(&recent, 5), [true; 5]);
        let first = recent.slot(&0).lock().unwrap().clone();
        recent.trim(400, |bytes| *bytes);
        assert_eq!(held(&recent, 5), [true, false, false, true, true]);
        recent.trim(0, |bytes| *bytes);
        assert_eq!((held(&recent, 5), first.as_deref()), (vec![false; 5], Some(&100)), "who has a value keeps it");
    }

    #[test]
    fn slots_that_stay_empty_go_and_those_in_use_stay() {
        let mut recent: Recent<usize, usize> = Recent::default();
        let waiting = recent.slot(&0);
        drop(recent.slot(&1));
        recent.trim(0, |bytes| *bytes);
        assert_eq!(held(&recent, 2), [true, false]);
        assert!(Arc::ptr_eq(&waiting, &recent.slot(&0)));
    }
}
