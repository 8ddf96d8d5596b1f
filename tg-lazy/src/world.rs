//! The graph of all lazy tensors of the process, and what each tensor is in it.
//!
//! There is one graph, so that whatever tensors meet, their nodes are already together. A tensor is a [`Handle`] to a slot,
//! which says by which node it is computed, and its elements once they are. A slot holds the handles of what it is computed
//! from: so elements live exactly as long as something needs them. Nodes are only added; when most of them belong to no slot
//! any more, the graph is made anew of those that do ([`World::sweep`]).
//!
//! Building is under one lock, which is held for the time of a method call, some microseconds. Compiling and running kernels
//! happen outside of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError, Weak};

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
    /// Whether it depends on elements that are on the device, and not on numbers alone, of which tensors can be made anywhere.
    pub placed: bool,
    /// The run-time dimensions among the sizes of whatever it depends on, with their values.
    pub dims: Box<[(Var, i64)]>,
    /// Whether gradients by it, or by something it depends on, may be asked for.
    pub tracked: bool,
    /// Whether it depends on an argument of a function that is being captured, which has no elements.
    pub captured: bool,
}

/// Slots whose handles went while the world was locked.
static RELEASED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Whether there may be such slots.
static WAITING: AtomicBool = AtomicBool::new(false);

impl Drop for Handle {
    fn drop(&mut self) {
        let mut world = match WORLD.try_lock() {
            Ok(world) => world,
            Err(TryLockError::Poisoned(world)) => world.into_inner(),
            // Perhaps it is this thread that holds it. The next one to lock the world frees the slot.
            Err(TryLockError::WouldBlock) => {
                RELEASED.lock().unwrap_or_else(PoisonError::into_inner).push(self.slot);
                return WAITING.store(true, Ordering::Release);
            }
        };
        let world = world.get_or_insert_default();
        world.release(self.slot);
        world.collect();
    }
}

/// A tensor that has still to be copied to another device.
#[derive(Clone, Debug)]
pub struct Copied {
    pub from: Arc<Handle>,
    /// The copy.
    pub to: Weak<Handle>,
}

/// The elements of a node, or where they will come from. All tensors of the node have it.
#[derive(Debug, Default)]
pub struct Cell {
    data: OnceLock<Arc<Data>>,
    copied: Mutex<Option<Copied>>,
}

impl Cell {
    /// The elements, if they are there.
    pub fn data(&self) -> Option<&Arc<Data>> {
        self.data.get()
    }

    /// Where they will be copied from, if they are not there.
    pub fn copied(&self) -> Option<Copied> {
        self.copied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a tensor is computed, and its elements.
#[derive(Debug, Default)]
struct Slot {
    /// What computes it; for elements that came from outside a BUFFER, once something uses them.
    node: Option<Id>,
    /// As the handle has them.
    device: Device,
    placed: bool,
    cell: Arc<Cell>,
    /// What its node is made of; nothing once that is forgotten.
    parents: Vec<Arc<Handle>>,
}

impl Slot {
    /// Whether its elements are all that is left of it.
    fn is_forgotten(&self) -> bool {
        self.placed && self.cell.data().is_some() && self.parents.is_empty()
    }
}

/// See the module.
#[derive(Default)]
pub struct World {
    graph: Graph,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The elements of nodes, on each device.
    cells: FxHashMap<(Id, Device), Weak<Cell>>,
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

    /// The elements of `node` on `device`, if it has any or will have them without being computed.
    pub fn leaf(&self, node: Uop, device: Device) -> Option<Arc<Cell>> {
        let cell = self.cells.get(&(node.id(), device))?.upgrade()?;
        (cell.data().is_some() || node.op() == Op::Buffer).then_some(cell)
    }

    /// Frees the slots whose handles went while the world was locked. To free one may be to release others.
    fn collect(&mut self) {
        while WAITING.swap(false, Ordering::Acquire) {
            let released = std::mem::take(&mut *RELEASED.lock().unwrap_or_else(PoisonError::into_inner));
            released.into_iter().for_each(|at| self.release(at));
        }
    }

    /// Frees a slot that no tensor has any more, and with it what only that held.
    fn release(&mut self, at: u32) {
        let Slot { node, device, cell, parents, .. } = std::mem::take(&mut self.slots[at as usize]);
        drop((cell, parents));
        let place = node.map(|node| (node, device));
        if let Some(place) = place.filter(|place| self.cells.get(place).is_some_and(|cell| cell.strong_count() == 0)) {
            self.cells.remove(&place);
        }
        self.free.push(at);
    }

    fn insert(&mut self, slot: Slot, about: About) -> Arc<Handle> {
        let slot = Slot { device: about.device, placed: about.placed, ..slot };
        let at = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(at as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        Arc::new(about.handle(at))
    }

    /// A new tensor computed by `node` from `parents`.
    pub fn computed(&mut self, node: Id, parents: Vec<Arc<Handle>>, about: About) -> Arc<Handle> {
        let place = (node, about.device);
        let cell = self.cells.get(&place).and_then(Weak::upgrade).unwrap_or_default();
        self.cells.insert(place, Arc::downgrade(&cell));
        let new = self.insert(Slot { node: Some(node), cell, parents, ..Slot::default() }, about);
        self.forget(&new);
        new
    }

    /// A new tensor with these elements.
    pub fn filled(&mut self, data: Arc<Data>, about: About) -> Arc<Handle> {
        let cell = Arc::new(Cell { data: data.into(), copied: Mutex::default() });
        self.insert(Slot { cell, ..Slot::default() }, About { placed: true, ..about })
    }

    /// A new tensor that stands for an argument of a function.
    pub fn argument(&mut self, about: About) -> Arc<Handle> {
        self.insert(Slot::default(), About { placed: true, ..about })
    }

    /// A new tensor with the elements of `from`, which are copied when somebody needs them.
    pub fn copy(&mut self, from: &Arc<Handle>, about: About) -> Arc<Handle> {
        let to = self.insert(Slot::default(), About { placed: true, ..about });
        let copied = Copied { from: from.clone(), to: Arc::downgrade(&to) };
        *self.slots[to.slot as usize].cell.copied.lock().unwrap_or_else(PoisonError::into_inner) = Some(copied);
        to
    }

    /// The node of a tensor. One with elements has a BUFFER from its first use on.
    pub fn node(&mut self, handle: &Handle) -> Id {
        let slot = &mut self.slots[handle.slot as usize];
        *slot.node.get_or_insert_with(|| {
            let node = self.graph.buffer(handle.dtype, handle.shape.to_vec()).id();
            self.cells.insert((node, handle.device), Arc::downgrade(&slot.cell));
            node
        })
    }

    /// The elements of a tensor, if they are there.
    pub fn data(&self, handle: &Handle) -> Option<Arc<Data>> {
        self.slots[handle.slot as usize].cell.data().cloned()
    }

    /// From now on a tensor has these elements. Unless gradients may flow through it, how they were computed is forgotten.
    pub fn fill(&mut self, handle: &Handle, data: Arc<Data>) {
        let cell = &self.slots[handle.slot as usize].cell;
        // Another thread may have been faster, with the same elements.
        let _ = cell.data.set(data);
        cell.copied.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.forget(handle);
    }

    /// Forgets what a tensor that has elements was computed from, unless gradients may flow through it.
    fn forget(&mut self, handle: &Handle) {
        let Slot { cell, parents, .. } = &mut self.slots[handle.slot as usize];
        if cell.data().is_some() && !(handle.tracked && parents.iter().any(|parent| parent.tracked)) {
            parents.clear();
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
        let cells = std::mem::take(&mut self.cells);
        let cells = cells.into_iter().filter_map(|((id, device), cell)| Some(((*moved.get(&id)?, device), cell)));
        self.cells = cells.collect();
        self.kept = new.len();
        self.graph = new;
    }

    /// Copies what the nodes of slots are made of into `to`; says where each node went.
    fn copied(&self, to: &Graph) -> FxHashMap<Id, Id> {
        let mut wanted = vec![false; self.graph.len()];
        let mut remembered = vec![false; self.graph.len()];
        for (node, slot) in self.slots.iter().filter_map(|slot| Some((slot.node?.0 as usize, slot))) {
            wanted[node] = true;
            remembered[node] |= !slot.is_forgotten();
        }
        // What no tensor is has no elements.
        remembered.iter_mut().zip(&wanted).for_each(|(remembered, is_tensor)| *remembered |= !is_tensor);
        let is_leaf = |node: Uop| node.op() == Op::Buffer || !remembered[node.id().0 as usize];
        // Users come after their sources, so that one sweep down finds all that is wanted, and one up copies it.
        for at in (0..wanted.len()).rev() {
            let node = self.graph.get(Id(at as u32));
            if wanted[at] && !is_leaf(node) {
                node.src_ids().iter().for_each(|source| wanted[source.0 as usize] = true);
            }
        }
        let mut moved: FxHashMap<Id, Id> = FxHashMap::default();
        for node in (0..).zip(&wanted).filter(|(_, wanted)| **wanted).map(|(at, _)| self.graph.get(Id(at))) {
            let new = if is_leaf(node) {
                to.buffer(node.dtype(), node.shape().to_vec())
            } else {
                let src: Vec<Uop> = node.src_ids().iter().map(|source| to.get(moved[source])).collect();
                to.node(node.op(), node.dtype(), &src, node.arg().clone())
            };
            moved.insert(node.id(), new.id());
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
    pub placed: bool,
    pub dims: Box<[(Var, i64)]>,
    pub tracked: bool,
    pub captured: bool,
}

impl About {
    /// The sizes as numbers.
    pub fn sizes(&self) -> Box<[usize]> {
        let known = |var: &Var| self.dims.iter().find(|(other, _)| other == var);
        let value = |var: &Var| known(var).map_or(var.min, |(_, value)| *value);
        self.shape.iter().map(|size| size.eval(&value).max(0) as usize).collect()
    }

    /// The handle of slot `at`.
    fn handle(self, slot: u32) -> Handle {
        let sizes = self.sizes();
        let About { dtype, shape, device, placed, dims, tracked, captured } = self;
        Handle { slot, dtype, shape, sizes, device, placed, dims, tracked, captured }
    }
}

/// How many nodes the graph of the process has, and how many tensors there are.
pub fn graph_size() -> (usize, usize) {
    let world = lock();
    (world.graph.len(), world.slots.len() - world.free.len())
}
