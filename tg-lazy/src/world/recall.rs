//! Answers about the graph, found again by a record of the question.
//!
//! A program that builds the same graph again asks the same, call by call. An answer is right as long as its nodes are there, so all
//! are forgotten when the graph is made anew; and when they take too much memory, for questions that differ may have equal answers,
//! which make no nodes, without end.

use rustc_hash::FxHashMap;

/// Bytes of questions and answers that are kept.
const LIMIT: usize = 2 << 20;

/// What a question takes beside itself and its answer, about.
const ENTRY_BYTES: usize = 64;

/// Answers by the record of a question ([`crate::record`]).
#[derive(Debug)]
pub struct Recall<V> {
    known: FxHashMap<Box<[u8]>, V>,
    bytes: usize,
}

impl<V> Default for Recall<V> {
    fn default() -> Recall<V> {
        Recall { known: FxHashMap::default(), bytes: 0 }
    }
}

impl<V: Clone> Recall<V> {
    /// The answer, if it is known.
    pub fn get(&self, question: &[u8]) -> Option<V> {
        self.known.get(question).cloned()
    }

    /// From now on the answer is known; it takes so many `bytes`.
    pub fn insert(&mut self, question: &[u8], answer: V, bytes: usize) {
        self.bytes += ENTRY_BYTES + question.len() + bytes;
        if self.bytes > LIMIT {
            *self = Recall { bytes: ENTRY_BYTES + question.len() + bytes, ..Recall::default() };
        }
        self.known.insert(question.into(), answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_up_to_a_bound() {
        let mut recall = Recall::default();
        let number = |n: usize| n.to_le_bytes();
        for n in 0..3 {
            recall.insert(&number(n), n, LIMIT / 4);
        }
        assert_eq!([0, 1, 2, 3].map(|n| recall.get(&number(n))), [Some(0), Some(1), Some(2), None]);
        recall.insert(&number(3), 3, LIMIT / 4);
        assert_eq!([0, 1, 2, 3].map(|n| recall.get(&number(n))), [None, None, None, Some(3)]);
        recall.insert(&number(4), 4, 2 * LIMIT);
        assert_eq!(recall.get(&number(4)), Some(4), "what is larger than the bound is kept by itself");
    }
}
