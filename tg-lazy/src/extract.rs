//! What tensors are computed by, as a graph of its own with a key: what is compiled, and by what that is found again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tg_core::ir::{Graph, Id, Memo, Op, Uop};

use crate::data::Data;
use crate::device::Device;
use crate::world::{Copied, World};

/// A graph of its own with what some tensors are computed by.
pub struct Extract {
    /// What makes it itself: equal keys, equal programs.
    pub key: Vec<u8>,
    /// The tensors it reads, in the order of its BUFFERs.
    pub leaves: Vec<Leaf>,
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

/// Nodes of a small network, and bytes of its key.
const NODES: usize = 64;
const KEY_BYTES: usize = 4096;

/// Marks in keys: what comes next.
const LEAF: u8 = 0;
const NODE: u8 = 1;
const ROOT: u8 = 2;

impl World {
    /// What `roots` are computed by on `device`, as far as it has no elements yet.
    ///
    /// Nodes come in an order that depends on the structure alone, and not on what was built before or in between: equal
    /// computations have equal keys.
    pub fn extract(&self, roots: &[Id], device: Device) -> Extract {
        let graph = self.graph();
        let mut places: Memo<u32> = Memo::new(graph);
        let (key, order) = (Vec::with_capacity(KEY_BYTES), Vec::with_capacity(NODES));
        let mut extract = Extract { key, leaves: Vec::with_capacity(NODES / 4), order, roots: vec![] };
        let mut stack: Vec<(Uop, bool)> = Vec::with_capacity(NODES);
        stack.extend(roots.iter().rev().map(|id| (graph.get(*id), false)));
        while let Some((node, ready)) = stack.pop() {
            if places.contains(node) {
                continue;
            }
            let leaf = self.leaf_of(node, device);
            if leaf.is_none() && !ready {
                stack.push((node, true));
                stack
                    .extend(node.srcs().rev().filter(|source| !places.contains(*source)).map(|source| (source, false)));
                continue;
            }
            places.insert(node, extract.order.len() as u32);
            extract.write(node, leaf, &places);
        }
        extract.roots = roots.iter().map(|id| places[graph.get(*id)]).collect();
        extract.key.push(ROOT);
        extract.key.extend(extract.roots.iter().flat_map(|place| place.to_le_bytes()));
        extract.key.extend_from_slice(device.target().as_bytes());
        extract
    }

    fn leaf_of(&self, node: Uop, device: Device) -> Option<Leaf> {
        let Some(cell) = self.leaf(node, device) else {
            return (node.op() == Op::Buffer).then(|| Leaf::Argument(node.id()));
        };
        let data = cell.data().cloned().map(Leaf::Data);
        Some(data.or_else(|| cell.copied().map(Leaf::Copy)).unwrap_or(Leaf::Argument(node.id())))
    }
}

impl Extract {
    fn write(&mut self, node: Uop, leaf: Option<Leaf>, places: &Memo<u32>) {
        self.order.push((node.id(), leaf.is_some()));
        let key = &mut Recorder(&mut self.key);
        match leaf {
            Some(leaf) => {
                (LEAF, node.dtype(), node.shape()).hash(key);
                self.leaves.push(leaf);
            }
            None => {
                (NODE, node.op(), node.dtype(), node.arg()).hash(key);
                node.srcs().for_each(|source| places[source].hash(key));
            }
        }
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

/// Keeps what is hashed, instead of hashing it. What `Hash` feeds is free of ambiguity: lengths precede lists, and
/// discriminants variants.
struct Recorder<'a>(&'a mut Vec<u8>);

impl Hasher for Recorder<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
