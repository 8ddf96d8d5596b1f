//! Making the graph anew, of the nodes that are in use.
//!
//! Nodes whose tensors have forgotten how they were computed are BUFFERs then. What is wanted is found in one pass down the ids,
//! and copied in one up: users come after their sources. No recursion, and no more than a pass over all nodes and slots.

use rustc_hash::FxHashMap;
use tg_core::ir::{Graph, Id, Op, Uop};

use super::World;
use super::buffers::Buffers;
use super::cells::CellId;

/// Nodes beyond twice those in use, before the graph is made anew.
const SLACK: usize = 4096;

/// Where nodes and cells are in another graph.
#[derive(Default)]
struct Moved {
    nodes: FxHashMap<Id, Id>,
    buffers: FxHashMap<CellId, Id>,
}

impl World {
    /// Makes the graph anew if most of its nodes are in no slot.
    pub fn sweep(&mut self) {
        if self.graph.len() < 2 * self.kept + SLACK {
            return;
        }
        let new = Graph::new();
        let leaves = self.buffered();
        let Moved { nodes, buffers } = self.moved(&leaves, &new);
        for slot in &mut self.slots {
            slot.node = slot.node.and_then(|id| nodes.get(&id).copied());
        }
        self.cells.rename(|at, cell| {
            let computed = cell.computed.filter(|id| !leaves.contains_key(id));
            cell.computed = computed.and_then(|id| nodes.get(&id).copied());
            cell.buffer = buffers.get(&at).copied();
        });
        (self.calls, self.extracts) = Default::default();
        self.kept = new.len();
        self.graph = new;
        self.count();
    }

    /// The nodes that stand for elements, and their cells: BUFFERs, and what is in use only as what it was computed to.
    fn buffered(&self) -> FxHashMap<Id, CellId> {
        let mut remembered = vec![false; self.graph.len()];
        let kept = self.slots.iter().filter(|slot| !slot.is_forgotten(&self.cells[slot.cell]));
        kept.filter_map(|slot| slot.node).for_each(|node| remembered[node.0 as usize] = true);
        let mut leaves = FxHashMap::default();
        for (at, cell) in self.cells.iter() {
            let computed = cell.computed.filter(|id| cell.data.is_some() && !remembered[id.0 as usize]);
            leaves.extend(cell.buffer.into_iter().chain(computed).map(|node| (node, at)));
        }
        leaves
    }

    /// Copies what the nodes of slots are made of, down to `leaves`, into `to`.
    fn moved(&self, leaves: &FxHashMap<Id, CellId>, to: &Graph) -> Moved {
        let is_leaf = |node: Uop| node.op() == Op::Buffer || leaves.contains_key(&node.id());
        let wanted = below(&self.graph, self.slots.iter().filter_map(|slot| slot.node), is_leaf);
        let mut moved = Moved::default();
        for node in wanted {
            let buffer = || to.buffer(node.dtype(), node.shape().to_vec()).id();
            let new = match leaves.get(&node.id()) {
                Some(cell) => *moved.buffers.entry(*cell).or_insert_with(buffer),
                None if node.op() == Op::Buffer => buffer(),
                None => {
                    let src: Vec<Uop> = node.src_ids().iter().map(|source| to.get(moved.nodes[source])).collect();
                    to.node(node.op(), node.dtype(), &src, node.arg().clone()).id()
                }
            };
            moved.nodes.insert(node.id(), new);
        }
        moved
    }

    /// Counts the BUFFERs of a new graph. Those that nodes with elements depend on are not told apart any more, and not used again.
    fn count(&mut self) {
        self.buffers = Buffers::default();
        let held = self.cells.iter().filter(|(_, cell)| cell.holds.is_some()).filter_map(|(_, cell)| cell.computed);
        for node in below(&self.graph, held, |_| false).filter(|node| node.op() == Op::Buffer) {
            self.buffers.pin(node.id());
        }
        self.cells.iter().filter_map(|(_, cell)| cell.buffer).for_each(|buffer| self.buffers.hold(buffer));
        self.cells.rename(|_, cell| cell.holds.iter_mut().for_each(Vec::clear));
    }
}

/// What `roots` are made of, themselves included, sources before users, without what is below `is_leaf`.
fn below<'g>(
    graph: &'g Graph,
    roots: impl Iterator<Item = Id>,
    is_leaf: impl Fn(Uop) -> bool,
) -> impl Iterator<Item = Uop<'g>> {
    let mut wanted = vec![false; graph.len()];
    roots.for_each(|root| wanted[root.0 as usize] = true);
    for at in (0..wanted.len()).rev() {
        let node = graph.get(Id(at as u32));
        if wanted[at] && !is_leaf(node) {
            node.src_ids().iter().for_each(|source| wanted[source.0 as usize] = true);
        }
    }
    (0..).zip(wanted).filter(|(_, wanted)| *wanted).map(|(at, _)| graph.get(Id(at)))
}
