//! What tensors are computed by, as a graph of its own with a key: what is compiled, and by what that is found again.
//!
//! An extract is right as long as the same nodes have elements, and then found again itself.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tg_core::ir::{Graph, Id, Memo, Op, Uop};

use super::{Copied, World};
use crate::data::Data;
use crate::device::Device;
use crate::record::Recorder;

/// A graph of its own with what some tensors are computed by.
#[derive(Debug)]
pub struct Extract {
    /// What makes it itself: equal keys, equal programs.
    pub key: Vec<u8>,
    /// Its nodes in the world, sources before users, and whether they are read.
    order: Vec<(Id, bool)>,
    roots: Vec<u32>,
}

/// What a graph reads.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// Elements.
    Data(Arc<Data>),
    /// Elements that have to be copied first.
    Copy(Copied),
    /// An argument of a function that is being captured: its node.
    Argument(Id),
}

impl Leaf {
    /// Its elements, if they are there.
    pub fn data(&self) -> Option<Arc<Data>> {
        if let Leaf::Data(data) = self { Some(data.clone()) } else { None }
    }

    /// What it is a copy of, if it has no elements yet.
    pub fn copied(&self) -> Option<Copied> {
        if let Leaf::Copy(copied) = self { Some(copied.clone()) } else { None }
    }
}

/// Nodes of a small network, and bytes of its key, and of a question for it.
const NODES: usize = 64;
const KEY_BYTES: usize = 4096;
const QUESTION_BYTES: usize = 32;

/// Marks in keys: what comes next.
const LEAF: u8 = 0;
const NODE: u8 = 1;
const ROOT: u8 = 2;

impl World {
    /// What `roots` are computed by on `device`, as far as it has no elements yet.
    ///
    /// Nodes come in an order that depends on the structure alone, and not on what was built before or in between: equal
    /// computations have equal keys.
    pub fn extract(&mut self, roots: &[Id], device: Device) -> Arc<Extract> {
        let mut question = Vec::with_capacity(QUESTION_BYTES);
        (roots, device).hash(&mut Recorder(&mut question));
        if let Some(known) = self.extracts.get(&question).filter(|known| known.is_right(self, device)) {
            return known;
        }
        let extract = Arc::new(self.extracted(roots, device));
        self.extracts.insert(&question, extract.clone(), extract.bytes());
        extract
    }

    fn extracted(&self, roots: &[Id], device: Device) -> Extract {
        let graph = self.graph();
        let mut places: Memo<u32> = Memo::new(graph);
        let (key, order) = (Vec::with_capacity(KEY_BYTES), Vec::with_capacity(NODES));
        let mut extract = Extract { key, order, roots: vec![] };
        let mut stack: Vec<(Uop, bool)> = Vec::with_capacity(NODES);
        stack.extend(roots.iter().rev().map(|id| (graph.get(*id), false)));
        while let Some((node, ready)) = stack.pop() {
            if places.contains(node) {
                continue;
            }
            let is_read = self.is_read(node, device);
            if !is_read && !ready {
                stack.push((node, true));
                stack
                    .extend(node.srcs().rev().filter(|source| !places.contains(*source)).map(|source| (source, false)));
                continue;
            }
            places.insert(node, extract.order.len() as u32);
            extract.write(node, is_read, &places);
        }
        extract.roots = roots.iter().map(|id| places[graph.get(*id)]).collect();
        extract.key.push(ROOT);
        extract.key.extend(extract.roots.iter().flat_map(|place| place.to_le_bytes()));
        extract.key.extend_from_slice(device.target().as_bytes());
        extract.key.shrink_to_fit();
        extract
    }

    /// Whether `node` is not computed, but read: it has elements, or stands for some.
    fn is_read(&self, node: Uop, device: Device) -> bool {
        node.op() == Op::Buffer || self.cell(node.id(), device).is_some_and(|cell| cell.data.is_some())
    }

    /// What `extract` reads, in the order of its BUFFERs.
    pub fn leaves(&self, extract: &Extract, device: Device) -> Vec<Leaf> {
        let leaf = |node| {
            let cell = self.cell(node, device)?;
            cell.data.clone().map(Leaf::Data).or_else(|| cell.copied.clone().map(Leaf::Copy))
        };
        extract.read().map(|node| leaf(node).unwrap_or(Leaf::Argument(node))).collect()
    }
}

impl Extract {
    fn write(&mut self, node: Uop, is_read: bool, places: &Memo<u32>) {
        self.order.push((node.id(), is_read));
        let key = &mut Recorder(&mut self.key);
        if is_read {
            return (LEAF, node.dtype(), node.shape()).hash(key);
        }
        (NODE, node.op(), node.dtype(), node.arg()).hash(key);
        node.srcs().for_each(|source| places[source].hash(key));
    }

    /// Whether it still is what its roots are computed by: nothing has got elements since, or lost them.
    fn is_right(&self, world: &World, device: Device) -> bool {
        let graph = world.graph();
        self.order.iter().all(|(node, is_read)| world.is_read(graph.get(*node), device) == *is_read)
    }

    /// What it takes in memory.
    fn bytes(&self) -> usize {
        self.key.capacity() + size_of_val(&self.order[..]) + size_of_val(&self.roots[..])
    }

    /// The nodes that are read, in the order of its leaves.
    pub fn read(&self) -> impl Iterator<Item = Id> {
        self.order.iter().filter(|(_, is_read)| *is_read).map(|(id, _)| *id)
    }

    /// The graph, in `to`: its BUFFERs and its roots.
    pub fn build<'g>(&self, world: &World, to: &'g Graph) -> (Vec<Uop<'g>>, Vec<Uop<'g>>) {
        let (mut made, mut buffers): (FxHashMap<Id, Uop>, Vec<Uop>) = Default::default();
        for (id, is_leaf) in &self.order {
            let node = world.graph().get(*id);
            let new = if *is_leaf {
                buffers.push(to.buffer(node.dtype(), node.shape().to_vec()));
                buffers[buffers.len() - 1]
            } else {
                let src: Vec<Uop> = node.src_ids().iter().map(|source| made[source]).collect();
                to.node(node.op(), node.dtype(), &src, node.arg().clone())
            };
            made.insert(*id, new);
        }
        let roots = self.roots.iter().map(|place| made[&self.order[*place as usize].0]).collect();
        (buffers, roots)
    }
}
