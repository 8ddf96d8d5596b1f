//! What is stored and what is computed where it is used.
//!
//! A tensor is fused into its users unless its elements would then be computed more often than once, at
//! a cost above that of storing it. How often is not guessed: the loops are built, and the loops an
//! element stands in are counted. Reductions are looked at from the inputs to the results, each as if
//! it were the root of a kernel, so that what must be stored has been cut off before anything is
//! built on top of it, and no trial is larger than the kernel it leads to.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Item, Memory, Stored, cost, reads};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop, toposort};
use crate::loops::{Nest, stored_dtype};
use crate::symbolic::Simplifier;

/// Up to this many neighbouring results share one evaluation of an operand, in the registers of a tile.
const TILE: f64 = 16.0;

pub(super) struct Fusion<'g, 'a> {
    stored: &'a mut Stored<'g>,
    simplifier: &'a mut Simplifier<'g>,
    params: u32,
    /// Tensors stored in intermediate memory, in the order of their [`Memory`] numbers.
    intermediates: Vec<Uop<'g>>,
}

/// How often the elements of a tensor are computed in a kernel.
type Runs<'g> = FxHashMap<Uop<'g>, f64>;

impl<'g, 'a> Fusion<'g, 'a> {
    pub(super) fn new(stored: &'a mut Stored<'g>, simplifier: &'a mut Simplifier<'g>, params: u32) -> Self {
        Fusion { stored, simplifier, params, intermediates: vec![] }
    }

    /// Element type and shape of the intermediates.
    pub(super) fn intermediates(&self) -> Vec<(DType, Vec<Dim>)> {
        self.intermediates.iter().map(|t| (stored_dtype(t.dtype()), t.shape().to_vec())).collect()
    }

    /// The kernels that compute `roots`, each to its place, and everything they need.
    pub(super) fn cut(&mut self, roots: &[(Uop<'g>, Memory)]) -> Vec<Item<'g>> {
        let tensors: Vec<Uop<'g>> = roots.iter().map(|r| r.0).collect();
        for node in toposort(&tensors) {
            match node.op() {
                Op::Contiguous => self.keep(node),
                Op::ReduceAxis => self.settle(node),
                _ => {}
            }
        }
        for root in &tensors {
            self.settle(*root);
        }
        self.settle_shared(roots);
        self.items(roots)
    }

    /// Stores whatever would be computed too often in a kernel for `root` alone.
    fn settle(&mut self, root: Uop<'g>) {
        let costs = costs(root);
        loop {
            let runs = self.runs(root);
            match self.worst(root, &runs, &costs) {
                Some(tensor) => self.keep(tensor),
                None => return,
            }
        }
    }

    /// Stores what several kernels would each compute, where that is dearer.
    fn settle_shared(&mut self, roots: &[(Uop<'g>, Memory)]) {
        loop {
            let mut total = Runs::default();
            let mut all_costs = FxHashMap::default();
            for (tensor, _) in self.needed(roots) {
                for (node, runs) in self.runs(tensor) {
                    *total.entry(node).or_default() += runs;
                }
                all_costs.extend(costs(tensor));
            }
            let shared = total.iter().filter(|(t, _)| !self.stored.memory.contains_key(t));
            let over =
                shared.filter(|(t, runs)| has_reduction(**t) && self.extra(**t, **runs, &all_costs) > cost::store(**t));
            match over.map(|(t, _)| *t).max() {
                Some(tensor) => self.keep(tensor),
                None => return,
            }
        }
    }

    fn keep(&mut self, tensor: Uop<'g>) {
        if !self.stored.memory.contains_key(&tensor) {
            let memory = Memory(self.params + self.intermediates.len() as u32);
            self.stored.memory.insert(tensor, memory);
            self.intermediates.push(tensor);
        }
    }

    fn runs(&mut self, root: Uop<'g>) -> Runs<'g> {
        let (store, evaluated) = self.stored.build(root, Memory(u32::MAX), self.simplifier);
        let nest = Nest::new(store);
        let mut runs = Runs::default();
        let mut seen = FxHashSet::default();
        for (tensor, value) in evaluated {
            if (tensor.op() == Op::ReduceAxis || tensor.op().is_alu()) && seen.insert((tensor, value)) {
                *runs.entry(tensor).or_default() += cost::runs(&nest, value);
            }
        }
        runs
    }

    /// The tensor nearest to `root` that is computed so often that storing it is cheaper.
    fn worst(&self, root: Uop<'g>, runs: &Runs<'g>, costs: &FxHashMap<Uop<'g>, f64>) -> Option<Uop<'g>> {
        let candidates = runs.iter().filter(|(t, _)| **t != root && !self.stored.memory.contains_key(t));
        candidates.filter(|(t, runs)| self.extra(**t, **runs, costs) > cost::store(**t)).map(|(t, _)| *t).max()
    }

    /// The cost of computing `tensor` in `runs` places rather than once for each element.
    fn extra(&self, tensor: Uop<'g>, runs: f64, costs: &FxHashMap<Uop<'g>, f64>) -> f64 {
        let elements = cost::elements(tensor.shape()).max(1.0);
        let times = runs / elements;
        let times = if has_reduction(tensor) { times } else { (times / TILE).max(1.0) };
        (times - 1.0) * elements * costs.get(&tensor).copied().unwrap_or(0.0)
    }

    /// The roots and the intermediates they need, directly or through others, inputs first.
    fn needed(&self, roots: &[(Uop<'g>, Memory)]) -> Vec<(Uop<'g>, Memory)> {
        let tensors: Vec<Uop<'g>> = roots.iter().map(|r| r.0).collect();
        let mut needed = self.intermediates.clone();
        let reachable: FxHashSet<_> = toposort(&tensors).into_iter().collect();
        needed.retain(|t| reachable.contains(t));
        needed.sort_unstable();
        needed.into_iter().map(|t| (t, self.stored.memory[&t])).chain(roots.iter().copied()).collect()
    }

    fn items(&mut self, roots: &[(Uop<'g>, Memory)]) -> Vec<Item<'g>> {
        let mut items = vec![];
        for (tensor, target) in self.needed(roots) {
            // A result that is also an intermediate is copied from it.
            let (store, _) = match self.stored.memory.get(&tensor).is_some_and(|m| *m != target) {
                true => self.copy(tensor, target),
                false => self.stored.build(tensor, target, self.simplifier),
            };
            items.push(Item { tensor, target, reads: reads(store), store });
        }
        items
    }

    fn copy(&mut self, tensor: Uop<'g>, target: Memory) -> (Uop<'g>, Vec<(Uop<'g>, Uop<'g>)>) {
        let identity = tensor.graph().node(Op::Contiguous, tensor.dtype(), &[tensor], crate::ir::Arg::None);
        self.stored.build(identity, target, self.simplifier)
    }
}

/// Whether each element of `tensor` costs a reduction, not one spread over a row.
fn has_reduction(tensor: Uop) -> bool {
    let mut stack = vec![tensor];
    while let Some(node) = stack.pop() {
        match node.op() {
            Op::ReduceAxis => return true,
            op if op.is_alu() => stack.extend(node.srcs()),
            _ => {}
        }
    }
    false
}

/// The cost of one element of everything under `root`.
fn costs<'g>(root: Uop<'g>) -> FxHashMap<Uop<'g>, f64> {
    let mut known = FxHashMap::default();
    for node in root.toposort() {
        let cost = cost::element(node, &known);
        known.insert(node, cost);
    }
    known
}
