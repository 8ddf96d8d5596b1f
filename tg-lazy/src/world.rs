//! The graph of all lazy tensors of the process, and what each tensor is in it.
//!
//! There is one graph, so that whatever tensors meet, their nodes are already together. A tensor is a [`Handle`] to a slot,
//! which says by which node it is computed, and has a cell for its elements ([`cells`]). A slot holds the handles of what it is
//! computed from: so elements live exactly as long as something needs them. A tensor that has its elements forgets what it was
//! computed from, and is a BUFFER for what is computed of it from then on. BUFFERs that nothing refers to any more are used
//! again ([`buffers`]); other nodes are only added, until most of them belong to no slot and the graph is made anew ([`sweep`]).
//!
//! Building is under one lock, which is held for the time of a method call, a fraction of a microsecond if the call was made before.
//! Compiling and running kernels happen outside of it.

mod buffers;
mod cells;
pub mod extract;
mod recall;
mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Id};

use crate::data::Data;
use crate::device::Device;
use buffers::Buffers;
pub use cells::Cell;
use cells::{CellId, Cells, Dead};
use extract::Extract;
use recall::Recall;

/// BUFFERs that a tensor counts at most; where it depends on more of them, these are not used again.
const MOST_HELD: usize = 64;

/// The slot of a handle that has given its slot away.
const NO_SLOT: u32 = u32::MAX;

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

impl Handle {
    /// The slot of a tensor, for whoever has its last handle to free.
    fn last(handle: Arc<Handle>) -> Option<u32> {
        let mut handle = Arc::into_inner(handle)?;
        Some(std::mem::replace(&mut handle.slot, NO_SLOT))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.slot == NO_SLOT {
            return;
        }
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
        world.released.push(self.slot);
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

/// How a tensor is computed, and its elements.
#[derive(Debug, Default)]
struct Slot {
    /// What it is in the graph of what is computed of it: what computes it, or, for elements that came from outside or have been
    /// computed, a BUFFER, once something uses them.
    node: Option<Id>,
    /// As the handle has it.
    placed: bool,
    cell: CellId,
    /// What its node is made of; nothing once that is forgotten.
    parents: Vec<Arc<Handle>>,
}

impl Slot {
    /// Whether its elements are all that is left of it.
    fn is_forgotten(&self, cell: &Cell) -> bool {
        self.placed && self.parents.is_empty() && cell.data.is_some()
    }
}

/// See the module.
#[derive(Default)]
pub struct World {
    graph: Graph,
    slots: Vec<Slot>,
    free: Vec<u32>,
    cells: Cells,
    buffers: Buffers,
    /// Slots that nobody has a handle of, to be freed.
    released: Vec<u32>,
    /// The nodes that calls have given, by the method and its arguments.
    pub calls: Recall<Id>,
    /// What tensors are computed by, by the nodes of these.
    pub extracts: Recall<Arc<Extract>>,
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

    /// The cell of `node` on `device`.
    pub fn cell(&self, node: Id, device: Device) -> Option<&Cell> {
        Some(&self.cells[self.cells.find(node, device)?])
    }

    /// Frees the slots that nobody has a handle of, and with each what only that held. To free one may be to release others.
    fn collect(&mut self) {
        while WAITING.swap(false, Ordering::Acquire) {
            self.released.append(&mut RELEASED.lock().unwrap_or_else(PoisonError::into_inner));
        }
        while let Some(at) = self.released.pop() {
            let Slot { cell, parents, .. } = std::mem::take(&mut self.slots[at as usize]);
            self.free.push(at);
            self.let_go_of_parents(parents);
            let Some(Dead { copied, buffers }) = self.cells.leave(cell) else { continue };
            self.let_go(copied.map(|copied| copied.from));
            buffers.into_iter().for_each(|buffer| self.buffers.leave(&self.graph, buffer));
        }
    }

    /// Drops handles. Those that were the last of their slots are collected next.
    fn let_go(&mut self, handles: impl IntoIterator<Item = Arc<Handle>>) {
        self.released.extend(handles.into_iter().filter_map(Handle::last));
    }

    fn let_go_of_parents(&mut self, parents: Vec<Arc<Handle>>) {
        parents.iter().for_each(|parent| self.cell_of(parent).children -= 1);
        self.let_go(parents);
    }

    fn insert(&mut self, slot: Slot, about: About) -> Arc<Handle> {
        let slot = Slot { placed: about.placed, ..slot };
        let at = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(at as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        Arc::new(about.handle(at))
    }

    /// A new tensor computed by `node` from `parents`.
    pub fn computed(&mut self, node: Id, parents: Vec<Arc<Handle>>, about: About) -> Arc<Handle> {
        let cell = self.cells.join(node, about.device);
        parents.iter().for_each(|parent| self.cell_of(parent).children += 1);
        let new = self.insert(Slot { node: Some(node), cell, parents, ..Slot::default() }, about);
        self.forget(&new);
        new
    }

    /// A new tensor with these elements.
    pub fn filled(&mut self, data: Arc<Data>, about: About) -> Arc<Handle> {
        let new = self.argument(about);
        self.cell_of(&new).data = Some(data);
        new
    }

    /// A new tensor that stands for an argument of a function.
    pub fn argument(&mut self, about: About) -> Arc<Handle> {
        let cell = self.cells.add(about.device);
        self.insert(Slot { cell, ..Slot::default() }, About { placed: true, ..about })
    }

    /// A new tensor with the elements of `from`, which are copied when somebody needs them.
    pub fn copy(&mut self, from: &Arc<Handle>, about: About) -> Arc<Handle> {
        let to = self.argument(about);
        self.cell_of(&to).copied = Some(Copied { from: from.clone(), to: Arc::downgrade(&to) });
        to
    }

    fn slot(&mut self, handle: &Handle) -> &mut Slot {
        &mut self.slots[handle.slot as usize]
    }

    fn cell_of(&mut self, handle: &Handle) -> &mut Cell {
        &mut self.cells[self.slots[handle.slot as usize].cell]
    }

    /// The node of a tensor. One with elements has a BUFFER from its first use on.
    pub fn node(&mut self, handle: &Handle) -> Id {
        if handle.tracked {
            self.settle(handle);
        }
        let Slot { node, cell, .. } = *self.slot(handle);
        let buffer = self.cells[cell].buffer;
        *self.slots[handle.slot as usize].node.insert(node.or(buffer).unwrap_or_else(|| {
            let buffer = self.buffers.take(&self.graph, handle.dtype, &handle.shape);
            self.cells.name(cell, buffer);
            buffer
        }))
    }

    /// Forgets what computed a tensor by which gradients may be asked for, once nothing is left that was built of that.
    fn settle(&mut self, handle: &Handle) {
        let slot = &mut self.slots[handle.slot as usize];
        let cell = &mut self.cells[slot.cell];
        if slot.is_forgotten(cell) && (cell.is_settled || cell.children == 0) {
            cell.is_settled = true;
            slot.node = None;
        }
    }

    /// The elements of a tensor, if they are there.
    pub fn data(&self, handle: &Handle) -> Option<Arc<Data>> {
        self.cells[self.slots[handle.slot as usize].cell].data.clone()
    }

    /// What `roots` will have once they are computed of `leaves` depends on BUFFERs, which are not used again while it is there.
    pub fn hold(&mut self, roots: &[Id], leaves: impl IntoIterator<Item = Id>, device: Device) {
        let mut below = vec![];
        for leaf in leaves {
            match self.cell(leaf, device) {
                Some(cell) if cell.computed == Some(leaf) => below.extend(cell.holds.iter().flatten()),
                _ => below.push(leaf),
            }
        }
        below.sort_unstable();
        below.dedup();
        if below.len() > MOST_HELD {
            below.drain(..).for_each(|buffer| self.buffers.pin(buffer));
        }
        for root in roots {
            let Some(cell) = self.cells.find(*root, device).map(|cell| &mut self.cells[cell]) else { continue };
            if cell.computed == Some(*root) && cell.holds.is_none() {
                cell.holds = Some(below.clone());
                below.iter().for_each(|buffer| self.buffers.hold(*buffer));
            }
        }
    }

    /// From now on a tensor has these elements. Unless gradients may flow through it, how they were computed is forgotten.
    pub fn fill(&mut self, handle: &Handle, data: Arc<Data>) {
        let cell = self.cell_of(handle);
        // Another thread may have been faster, with the same elements.
        cell.data.get_or_insert(data);
        let copied = cell.copied.take();
        self.let_go(copied.map(|copied| copied.from));
        self.forget(handle);
        self.collect();
    }

    /// Forgets what a tensor that has elements was computed from, unless gradients may flow through it. One by which
    /// gradients may be asked for stays the node by which others know it, until it settles.
    fn forget(&mut self, handle: &Handle) {
        let has_elements = self.cell_of(handle).data.is_some();
        let slot = self.slot(handle);
        if !has_elements || (handle.tracked && slot.parents.iter().any(|parent| parent.tracked)) {
            return;
        }
        if slot.placed && !handle.tracked {
            slot.node = None;
        }
        let parents = std::mem::take(&mut slot.parents);
        self.let_go_of_parents(parents);
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
