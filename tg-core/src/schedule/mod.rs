//! Which tensors share a kernel, what is stored, and in which order kernels run.
//!
//! Everything is fused unless that costs more than storing: see `fusion`. The result is one loop
//! nest per stored tensor, ordered so that every buffer is written before it is read and no parameter
//! is overwritten while its old value is still needed; `memory` then assigns the intermediate buffers
//! to as few slots as their lifetimes allow.

mod aligned;
mod channels;
mod cost;
mod fusion;
mod held;
mod memory;
mod order;
mod partial;
mod views;

use rustc_hash::FxHashMap;

use crate::compile::Function;
use crate::dim::Dim;
use crate::dtype::{DType, Space};
use crate::ir::{Arg, Graph, Op, Uop};
use crate::loops::{Builder, stored_dtype};
use crate::symbolic::Simplifier;
use crate::target::Device;

pub(crate) use cost::operation;
pub use cost::{bytes, flops, quotient, work};
pub use memory::Slots;

/// Where a stored tensor lives: a number shared by all kernels of a function, which is also the slot
/// of its DEFINE_GLOBAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Memory(pub u32);

/// A tensor that is computed by a kernel of its own.
#[derive(Clone, Debug)]
pub struct Item<'g> {
    /// The tensor.
    pub tensor: Uop<'g>,
    /// Where it is stored.
    pub target: Memory,
    /// The kernel: a STORE.
    pub store: Uop<'g>,
    /// What it reads, each once.
    pub reads: Vec<Memory>,
}

/// A function cut into kernels.
pub struct Schedule<'g> {
    /// Kernels in launch order.
    pub items: Vec<Item<'g>>,
    /// For each [`Memory`] number beyond the parameters: element type and shape.
    pub intermediates: Vec<(DType, Vec<Dim>)>,
    /// How many of the first [`Memory`] numbers are parameters: inputs in order, then outputs.
    pub params: usize,
    /// Workspace slots of the intermediates.
    pub slots: Slots,
}

/// Where each stored tensor is, while a schedule is being made.
pub(crate) struct Stored<'g> {
    graph: &'g Graph,
    memory: FxHashMap<Uop<'g>, Memory>,
    /// What most likely holds the same at the next call.
    constants: Vec<Memory>,
}

impl<'g> Stored<'g> {
    fn pointer(&self, tensor: Uop<'g>) -> Option<Uop<'g>> {
        let memory = self.memory.get(&tensor)?;
        let space = if self.constants.contains(memory) { Space::Constant } else { Space::Global };
        Some(self.graph.global_in(stored_dtype(tensor.dtype()).pointer(space), memory.0))
    }

    /// The loops that compute `tensor` from what is stored, with every element they evaluate.
    fn build<'a>(
        &self,
        tensor: Uop<'g>,
        target: Memory,
        simplifier: &'a mut Simplifier<'g>,
    ) -> (Uop<'g>, Vec<(Uop<'g>, Uop<'g>)>) {
        let stored = |t: Uop<'g>| self.pointer(t);
        let mut builder = Builder::new(self.graph, &stored, simplifier);
        let pointer = self.graph.global(stored_dtype(tensor.dtype()), target.0);
        let store = builder.store(tensor, pointer);
        let evaluated = builder.evaluated().collect();
        (store, evaluated)
    }
}

/// The [`Memory`] numbers under `store` that are loaded from.
pub(crate) fn reads(store: Uop) -> Vec<Memory> {
    let mut reads: Vec<Memory> =
        store.toposort().into_iter().filter(|n| n.op() == Op::Load).map(pointer_slot).collect();
    reads.sort_unstable();
    reads.dedup();
    reads
}

/// The [`Memory`] number behind LOAD or STORE.
pub(crate) fn pointer_slot(access: Uop) -> Memory {
    match access.src(0).src(0).arg() {
        Arg::Slot(slot) => Memory(*slot),
        arg => panic!("schedule: access to {arg:?}, which is not a kernel argument"),
    }
}

/// Cuts `function` into kernels for `device`.
pub fn schedule<'g>(
    graph: &'g Graph,
    function: &Function<'g>,
    device: Device,
    simplifier: &mut Simplifier<'g>,
) -> Schedule<'g> {
    let inputs = function.inputs.len();
    let params = inputs + function.outputs.len();
    let mut views = views::Views::new(graph, device);
    let mut stored = Stored { graph, memory: FxHashMap::default(), constants: vec![] };
    for (i, (name, buffer)) in function.inputs.iter().enumerate() {
        let memory = Memory(i as u32);
        stored.memory.insert(*buffer, memory);
        // GPUs copy what they read into shared memory in each block anyway.
        stored.constants.extend((device == Device::Cpu && function.constants.contains(name)).then_some(memory));
    }
    let position = |buffer: &Uop<'g>| Memory(function.inputs.iter().position(|(_, b)| b == buffer).unwrap_or(0) as u32);
    let updates = function.updates.iter().map(|(buffer, value)| (views.fold(*value), position(buffer)));
    let updates: Vec<_> = updates.collect();
    let outputs = function.outputs.iter().enumerate().map(|(i, (_, v))| (views.fold(*v), Memory((inputs + i) as u32)));
    let roots: Vec<_> = updates.into_iter().chain(outputs).collect();
    simplifier.mark("views", &roots.iter().map(|(tensor, _)| *tensor).collect::<Vec<_>>());
    let mut fusion = fusion::Fusion::new(&mut stored, simplifier, params as u32, device);
    let items = fusion.cut(&roots, &views.forced());
    let mut intermediates = fusion.intermediates();
    let items = order::order(graph, items, inputs, params, &mut intermediates);
    let slots = memory::plan(&items, params, &intermediates);
    simplifier.mark("schedule", &items.iter().map(|item| item.tensor).collect::<Vec<_>>());
    Schedule { items, intermediates, params, slots }
}
