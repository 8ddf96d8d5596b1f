//! The graph of all lazy tensors of the process, and what each tensor is in it.
//!
//! There is one graph, so that whatever tensors meet, their nodes are already together. A tensor is a [`Handle`] to a slot,
//! which says by which node it is computed, and its elements once they are. A slot holds the handles of what it is computed
//! from: so elements live exactly as long as something needs them. Nodes are only added; when most of them belong to no slot
//! any more, the graph is made anew of those that do ([`World::sweep`]).
//!
//! Building is under one lock, which is held for the time of a method call, some microseconds. Compiling and running kernels
//! happen outside of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use rustc_hash::FxHashMap;
use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Id, Op, Uop};

use crate::data::Data;
use crate::device::Device;

/// Nodes beyond twice those in use, before the graph is made anew.
const SLACK: usize = 4096;

/// What a tensor is, beside how it is computed. Never changes.
#[derive(Debug)]
pub struct Handle {
    slot: u32,
    pub dtype: DType,
    /// Sizes as the graph has them.
    pub shape: Box<[Dim]>,
    /// Sizes as numbers.
    pub sizes: Box<[usize]>,
    pub device: Device,
    /// The run-time dimensions among the sizes of whatever it depends on, with their values.
    pub dims: Box<[(Var, i64)]>,
    /// Whether gradients by it, or by something it depends on, may be asked for.
    pub tracked: bool,
    /// Whether it depends on an argument of a function that is being captured, which has no elements.
    pub captured: bool,
}

/// Slots whose handles are gone. Handles go anywhere, also while the world is locked.
static RELEASED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Drop for Handle {
    fn drop(&mut self) {
        RELEASED.lock().unwrap_or_else(PoisonError::into_inner).push(self.slot);
        // Who holds the lock frees the slot. If that is this thread, it is on its way out.
        match WORLD.try_lock() {
            Ok(mut world) => world.get_or_insert_default().collect(),
            Err(TryLockError::Poisoned(world)) => world.into_inner().get_or_insert_default().collect(),
            Err(TryLockError::WouldBlock) => {}
        }
    }
}

/// A tensor that has still to be copied to another device.
#[derive(Clone, Debug)]
pub struct Copied {
    pub from: Arc<Handle>,
    /// The copy. It is what the slot belongs to.
    pub to: Weak<Handle>,
}

/// How a tensor is computed, and its elements.
#[derive(Debug, Default)]
pub struct Slot {
    /// What computes it; for elements that came from outside a BUFFER, once something uses them.
    node: Option<Id>,
    /// Its elements.
    pub data: Option<Arc<Data>>,
    /// Where its elements will be copied from, while it has none.
    pub copied: Option<Copied>,
    /// What its node is made of.
    parents: Vec<Arc<Handle>>,
}

/// See the module.
#[derive(Default)]
pub struct World {
    graph: Graph,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The slot that has the elements of a node, or will have them.
    known: FxHashMap<Id, u32>,
    /// Nodes after the last sweep.
    kept: usize,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

/// The world, locked.
pub struct Locked(MutexGuard<'static, Option<World>>);

/// Locks the world.
pub fn lock() -> Locked {
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    world.get_or_insert_default().collect();
    Locked(world)
}

impl std::ops::Deref for Locked {
    type Target = World;
    fn deref(&self) -> &World {
        self.0.as_ref().unwrap_or_else(|| unreachable!("`lock` makes a world"))
    }
}

impl std::ops::DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut World {
        self.0.get_or_insert_default()
    }
}

impl World {
    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The slot of a tensor.
    pub fn slot(&self, handle: &Handle) -> &Slot {
        &self.slots[handle.slot as usize]
    }

    /// The slot with the elements of `node`, if it has any or will have them without computing the node.
    pub fn leaf(&self, node: Uop) -> Option<&Slot> {
        let slot = &self.slots[*self.known.get(&node.id())? as usize];
        (slot.data.is_some() || node.op() == Op::Buffer).then_some(slot)
    }

    /// Frees the slots that no tensor has any more, and with them what only they held.
    fn collect(&mut self) {
        loop {
            let released = std::mem::take(&mut *RELEASED.lock().unwrap_or_else(PoisonError::into_inner));
            if released.is_empty() {
                break;
            }
            for at in released {
                let slot = std::mem::take(&mut self.slots[at as usize]);
                if let Some(node) = slot.node.filter(|node| self.known.get(node) == Some(&at)) {
                    self.known.remove(&node);
                }
                self.free.push(at);
            }
        }
    }

    fn insert(&mut self, slot: Slot, about: About) -> Arc<Handle> {
        let at = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(at as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        Arc::new(about.handle(at))
    }

    /// A new tensor computed by `node` from `parents`.
    pub fn computed(&mut self, node: Id, parents: Vec<Arc<Handle>>, about: About) -> Arc<Handle> {
        self.insert(Slot { node: Some(node), parents, ..Slot::default() }, about)
    }

    /// A new tensor with these elements.
    pub fn filled(&mut self, data: Arc<Data>, about: About) -> Arc<Handle> {
        self.insert(Slot { data: Some(data), ..Slot::default() }, about)
    }

    /// A new tensor that stands for an argument of a function.
    pub fn argument(&mut self, about: About) -> Arc<Handle> {
        self.insert(Slot::default(), about)
    }

    /// A new tensor with the elements of `from`, which are copied when somebody needs them.
    pub fn copy(&mut self, from: &Arc<Handle>, about: About) -> Arc<Handle> {
        let to = self.insert(Slot::default(), about);
        self.slots[to.slot as usize].copied = Some(Copied { from: from.clone(), to: Arc::downgrade(&to) });
        to
    }

    /// The node of a tensor. One with elements has a BUFFER from its first use on.
    pub fn node(&mut self, handle: &Handle) -> Id {
        let at = handle.slot;
        if let Some(node) = self.slots[at as usize].node {
            return node;
        }
        let node = self.graph.buffer(handle.dtype, handle.shape.to_vec()).id();
        self.slots[at as usize].node = Some(node);
        self.known.insert(node, at);
        node
    }

    /// The elements of a tensor, if they are there: its own, or those of an equal one.
    pub fn data(&self, handle: &Handle) -> Option<Arc<Data>> {
        let slot = self.slot(handle);
        let equal = || self.slots[*self.known.get(&slot.node?)? as usize].data.clone();
        slot.data.clone().or_else(equal)
    }

    /// From now on a tensor has these elements. Unless gradients may flow through it, how they were computed is forgotten.
    pub fn fill(&mut self, handle: &Handle, data: Arc<Data>) {
        let slot = &mut self.slots[handle.slot as usize];
        if slot.data.is_some() {
            return;
        }
        (slot.data, slot.copied) = (Some(data), None);
        if let Some(node) = slot.node {
            self.known.entry(node).or_insert(handle.slot);
        }
        if !(handle.tracked && slot.parents.iter().any(|parent| parent.tracked)) {
            slot.parents.clear();
        }
    }

    /// Makes the graph anew if most of its nodes are in no slot. Nodes whose tensors have forgotten how they were computed
    /// are BUFFERs then.
    pub fn sweep(&mut self) {
        if self.graph.len() < 2 * self.kept + SLACK {
            return;
        }
        let new = Graph::new();
        let moved = self.copied(&new);
        for slot in &mut self.slots {
            slot.node = slot.node.and_then(|id| moved.get(&id).copied());
        }
        let known = std::mem::take(&mut self.known);
        self.known = known.into_iter().filter_map(|(id, slot)| Some((*moved.get(&id)?, slot))).collect();
        self.kept = new.len();
        self.graph = new;
    }

    /// Copies what the nodes of slots are made of into `to`; says where each node went.
    fn copied(&self, to: &Graph) -> FxHashMap<Id, Id> {
        let forgotten = |id: Id| self.known.get(&id).is_some_and(|at| self.slots[*at as usize].parents.is_empty());
        let mut wanted = vec![false; self.graph.len()];
        self.slots.iter().flat_map(|slot| slot.node).for_each(|id| wanted[id.0 as usize] = true);
        for at in (0..wanted.len()).rev() {
            let id = Id(at as u32);
            if wanted[at] && !forgotten(id) {
                self.graph.get(id).src_ids().iter().for_each(|source| wanted[source.0 as usize] = true);
            }
        }
        let mut moved = FxHashMap::default();
        for id in (0..).zip(&wanted).filter(|(_, wanted)| **wanted).map(|(at, _)| Id(at)) {
            let node = self.graph.get(id);
            let new = if forgotten(id) || node.op() == Op::Buffer {
                to.buffer(node.dtype(), node.shape().to_vec())
            } else {
                let src: Vec<Uop> = node.src_ids().iter().map(|source| to.get(moved[source])).collect();
                to.node(node.op(), node.dtype(), &src, node.arg().clone())
            };
            moved.insert(id, new.id());
        }
        moved
    }
}

/// What is known of a tensor before it has a slot.
#[derive(Clone, Debug)]
pub struct About {
    pub dtype: DType,
    pub shape: Box<[Dim]>,
    pub device: Device,
    pub dims: Box<[(Var, i64)]>,
    pub tracked: bool,
    pub captured: bool,
}

impl About {
    /// The handle of slot `at`.
    pub fn handle(self, slot: u32) -> Handle {
        let About { dtype, shape, device, dims, tracked, captured } = self;
        let value = |var: &Var| dims.iter().find(|(other, _)| other == var).map_or(var.min, |(_, value)| *value);
        let sizes = shape.iter().map(|size| size.eval(&value).max(0) as usize).collect();
        Handle { slot, dtype, shape, sizes, device, dims, tracked, captured }
    }
}
