//! A map from nodes to anything, as fast without optimization as with it.
//!
//! Ids are small and dense, so the map is an array. Its memory is returned to the graph when the map is
//! dropped, which makes even a map of a few nodes cheap. Hashing would be what a compiler running at
//! opt-level 0 spends most of its time on.

use std::cell::RefCell;
use std::ops::Index;

use crate::ir::{Graph, Id, Uop};

/// Arrays of unused maps, all zeros.
pub(super) type Pool = RefCell<Vec<Vec<u32>>>;

/// Values by node.
pub struct Memo<'g, V> {
    graph: &'g Graph,
    /// For each id 0, or the place in `entries` plus one.
    places: Vec<u32>,
    entries: Vec<(Id, V)>,
}

impl<'g, V> Memo<'g, V> {
    /// An empty map of nodes of `graph`.
    pub fn new(graph: &'g Graph) -> Memo<'g, V> {
        let places = graph.pool().borrow_mut().pop().unwrap_or_default();
        Memo { graph, places, entries: Vec::new() }
    }

    fn place(&self, id: Id) -> u32 {
        let at = id.0 as usize;
        if at < self.places.len() { self.places[at] } else { 0 }
    }

    /// The value of `node`.
    pub fn get(&self, node: Uop<'g>) -> Option<&V> {
        match self.place(node.id()) {
            0 => None,
            place => Some(&self.entries[place as usize - 1].1),
        }
    }

    /// Whether `node` has a value.
    pub fn contains(&self, node: Uop<'g>) -> bool {
        self.place(node.id()) != 0
    }

    /// The value of `node`, set to the default if it has none.
    pub fn entry(&mut self, node: Uop<'g>) -> &mut V
    where
        V: Default,
    {
        if !self.contains(node) {
            self.insert(node, V::default());
        }
        let place = self.place(node.id()) as usize - 1;
        &mut self.entries[place].1
    }

    /// Sets the value of `node`; returns whether it had none.
    pub fn insert(&mut self, node: Uop<'g>, value: V) -> bool {
        let id = node.id();
        let at = id.0 as usize;
        if at >= self.places.len() {
            self.places.resize(self.graph.len().max(at + 1), 0);
        }
        match self.places[at] {
            0 => {
                self.entries.push((id, value));
                self.places[at] = self.entries.len() as u32;
                true
            }
            place => {
                self.entries[place as usize - 1].1 = value;
                false
            }
        }
    }
}

impl<'g, V> Index<Uop<'g>> for Memo<'g, V> {
    type Output = V;
    fn index(&self, node: Uop<'g>) -> &V {
        self.get(node).unwrap_or_else(|| panic!("memo: {node:?} has no value"))
    }
}

impl<V> Drop for Memo<'_, V> {
    fn drop(&mut self) {
        for (id, _) in &self.entries {
            self.places[id.0 as usize] = 0;
        }
        self.graph.pool().borrow_mut().push(std::mem::take(&mut self.places));
    }
}
