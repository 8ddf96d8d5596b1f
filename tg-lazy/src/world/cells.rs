//! The elements of nodes, or where they will come from.
//!
//! Elements belong to a node on a device, so that equal computations are done once: all tensors of the node share its cell,
//! which goes with the last of them. A cell that has its elements gets a BUFFER for what is computed of them from then on, and
//! is found under both: by the node that computed it, and by its BUFFER.
//!
//! Not here: which BUFFER that is, and what becomes of it; a [`Dead`] cell says what it had.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tg_core::ir::Id;

use super::Copied;
use crate::data::Data;
use crate::device::Device;

/// The place of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CellId(u32);

/// The elements of a node, or where they will come from.
#[derive(Debug, Default)]
pub struct Cell {
    pub data: Option<Arc<Data>>,
    /// Where they will be copied from, if they are not there.
    pub copied: Option<Copied>,
    /// What computes them, if anything does.
    pub computed: Option<Id>,
    /// What stands for them in graphs of what is computed of them.
    pub buffer: Option<Id>,
    /// The BUFFERs that `computed` depends on, from when it is about to be computed on: counted, so that they mean what they meant as
    /// long as this cell is found by it. None of them, if they are never used again anyway.
    pub holds: Option<Vec<Id>>,
    /// How many parents of slots have it.
    pub children: u32,
    /// Whether nothing is built of `computed` any more, but of `buffer` only.
    pub is_settled: bool,
    device: Device,
    /// How many slots have it.
    slots: u32,
}

/// What a cell leaves behind.
pub struct Dead {
    pub copied: Option<Copied>,
    /// The BUFFERs that it counted.
    pub buffers: Vec<Id>,
}

/// All cells.
#[derive(Debug, Default)]
pub struct Cells {
    all: Vec<Cell>,
    free: Vec<CellId>,
    by_node: FxHashMap<(Id, Device), CellId>,
}

impl std::ops::Index<CellId> for Cells {
    type Output = Cell;
    fn index(&self, at: CellId) -> &Cell {
        &self.all[at.0 as usize]
    }
}

impl std::ops::IndexMut<CellId> for Cells {
    fn index_mut(&mut self, at: CellId) -> &mut Cell {
        &mut self.all[at.0 as usize]
    }
}

impl Cells {
    /// The cell of a node.
    pub fn find(&self, node: Id, device: Device) -> Option<CellId> {
        self.by_node.get(&(node, device)).copied()
    }

    /// A new cell, for one slot, of no node.
    pub fn add(&mut self, device: Device) -> CellId {
        let cell = Cell { device, slots: 1, ..Cell::default() };
        if let Some(at) = self.free.pop() {
            self[at] = cell;
            return at;
        }
        self.all.push(cell);
        CellId(self.all.len() as u32 - 1)
    }

    /// The cell of what `node` computes, for one more slot.
    pub fn join(&mut self, node: Id, device: Device) -> CellId {
        if let Some(at) = self.find(node, device) {
            self[at].slots += 1;
            return at;
        }
        let at = self.add(device);
        self[at].computed = Some(node);
        self.by_node.insert((node, device), at);
        at
    }

    /// From now on a cell is found by `buffer`, too.
    pub fn name(&mut self, at: CellId, buffer: Id) {
        self[at].buffer = Some(buffer);
        let device = self[at].device;
        self.by_node.insert((buffer, device), at);
    }

    /// One slot less has this cell; says what is left if it was the last.
    pub fn leave(&mut self, at: CellId) -> Option<Dead> {
        self[at].slots -= 1;
        if self[at].slots > 0 {
            return None;
        }
        let Cell { copied, computed, buffer, holds, device, .. } = std::mem::take(&mut self[at]);
        for node in computed.into_iter().chain(buffer) {
            self.by_node.remove(&(node, device));
        }
        self.free.push(at);
        Some(Dead { copied, buffers: holds.into_iter().flatten().chain(buffer).collect() })
    }

    /// Those that some slot has.
    pub fn iter(&self) -> impl Iterator<Item = (CellId, &Cell)> {
        (0..).map(CellId).zip(&self.all).filter(|(_, cell)| cell.slots > 0)
    }

    /// Changes nodes and what is counted of all cells by `change`.
    pub fn rename(&mut self, mut change: impl FnMut(CellId, &mut Cell)) {
        self.by_node.clear();
        for (at, cell) in (0..).map(CellId).zip(&mut self.all).filter(|(_, cell)| cell.slots > 0) {
            change(at, cell);
            let nodes = cell.computed.into_iter().chain(cell.buffer);
            self.by_node.extend(nodes.map(|node| ((node, cell.device), at)));
        }
    }
}
