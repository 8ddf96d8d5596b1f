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
/// Up to this many operations are rather done again than stored.
const CHEAP: f64 = 4.0;

pub(super) struct Fusion<'g, 'a> {
    stored: &'a mut Stored<'g>,
    simplifier: &'a mut Simplifier<'g>,
    params: u32,
    /// Tensors stored in intermediate memory, in the order of their [`Memory`] numbers.
    intermediates: Vec<Uop<'g>>,
    /// How many tensors use a tensor.
    users: FxHashMap<Uop<'g>, usize>,
}

/// How often the elements of a tensor are computed in a kernel.
type Runs<'g> = FxHashMap<Uop<'g>, f64>;

impl<'g, 'a> Fusion<'g, 'a> {
    pub(super) fn new(stored: &'a mut Stored<'g>, simplifier: &'a mut Simplifier<'g>, params: u32) -> Self {
        Fusion { stored, simplifier, params, intermediates: vec![], users: FxHashMap::default() }
    }

    /// Element type and shape of the intermediates.
    pub(super) fn intermediates(&self) -> Vec<(DType, Vec<Dim>)> {
        self.intermediates.iter().map(|t| (stored_dtype(t.dtype()), t.shape().to_vec())).collect()
    }

    /// The kernels that compute `roots`, each to its place, and everything they need; `forced` are stored.
    pub(super) fn cut(&mut self, roots: &[(Uop<'g>, Memory)], forced: &FxHashSet<Uop<'g>>) -> Vec<Item<'g>> {
        let tensors: Vec<Uop<'g>> = roots.iter().map(|r| r.0).collect();
        let all = toposort(&tensors);
        for source in all.iter().flat_map(|node| node.srcs()) {
            *self.users.entry(source).or_default() += 1;
        }
        for node in all {
            if node.op() == Op::ReduceAxis || forced.contains(&node) {
                self.settle(node);
            }
            if node.op() == Op::Contiguous || forced.contains(&node) {
                self.keep(node);
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
        loop {
            let (runs, costs) = (self.runs(root), self.costs(root));
            match self.worst(root, &runs, &costs) {
                Some(tensor) => self.keep(self.shared_source(tensor, &costs)),
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
                all_costs.extend(self.costs(tensor));
            }
            let shared = total.iter().filter(|(t, _)| !self.stored.memory.contains_key(t));
            let over = shared
                .filter(|(t, runs)| self.has_reduction(**t) && self.extra(**t, **runs, &all_costs) > cost::store(**t));
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
        let times = if self.has_reduction(tensor) { times } else { (times / TILE).max(1.0) };
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

    /// What to store instead of `tensor`: a tensor below it that others need too, if the rest is cheap.
    ///
    /// The gradient of `relu(x)` needs `x`; storing `x`, and not `relu(x)`, serves both.
    fn shared_source(&self, tensor: Uop<'g>, costs: &FxHashMap<Uop<'g>, f64>) -> Uop<'g> {
        let cost = |t: &Uop<'g>| costs.get(t).copied().unwrap_or(0.0);
        let mut best = tensor;
        let mut stack = vec![tensor];
        while let Some(node) = stack.pop() {
            for source in self.same_elements(node).into_iter().filter(|s| self.has_reduction(*s)) {
                let cheap = cost(&tensor) - cost(&source) <= CHEAP;
                if cheap && source.op() != Op::View && self.users.get(&source).is_some_and(|n| *n > 1) {
                    best = source;
                }
                stack.extend(cheap.then_some(source));
            }
        }
        best
    }

    /// The sources of which each element of `tensor` needs one of its own; none if it is stored.
    fn same_elements(&self, tensor: Uop<'g>) -> Vec<Uop<'g>> {
        let spread = |t: Uop| cost::elements(t.src(0).shape()) < cost::elements(t.shape());
        match tensor.op() {
            _ if self.stored.memory.contains_key(&tensor) => vec![],
            Op::View if spread(tensor) => vec![],
            op if op.is_alu() || op == Op::View => tensor.srcs().collect(),
            _ => vec![],
        }
    }

    /// Whether each element of `tensor` costs a reduction, not one spread over a row.
    fn has_reduction(&self, tensor: Uop<'g>) -> bool {
        let mut stack = vec![tensor];
        while let Some(node) = stack.pop() {
            if node.op() == Op::ReduceAxis && !self.stored.memory.contains_key(&node) {
                return true;
            }
            stack.extend(self.same_elements(node));
        }
        false
    }

    /// The cost of one element of everything under `root`; a stored tensor costs a load.
    fn costs(&self, root: Uop<'g>) -> FxHashMap<Uop<'g>, f64> {
        let mut known = FxHashMap::default();
        for node in root.toposort() {
            let cost = if self.stored.memory.contains_key(&node) { 1.0 } else { cost::element(node, &known) };
            known.insert(node, cost);
        }
        known
    }
}
