//! What is stored and what is computed where it is used.
//!
//! A tensor is fused into its users unless its elements would then be computed more often than once, at
//! a cost above that of storing it. How often is not guessed: the loops are built, and the loops an
//! element stands in are counted. Reductions are looked at from the inputs to the results, each as if
//! it were the root of a kernel, so that what must be stored has been cut off before anything is
//! built on top of it, and no trial is larger than the kernel it leads to.

use rustc_hash::{FxHashMap, FxHashSet};

use super::held::Held;
use super::{Item, Memory, Stored, cost, reads};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop, toposort};
use crate::loops::{Nest, stored_dtype};
use crate::symbolic::Simplifier;
use crate::target::Device;
use crate::view::View;

/// Up to this many neighbouring results share one evaluation of an operand, in the registers of a tile.
const TILE: f64 = 16.0;
/// Up to this many elements are a window.
const WINDOW: f64 = 16.0;
/// Up to this many operations are rather done again than stored.
const CHEAP: f64 = 4.0;

pub(super) struct Fusion<'g, 'a> {
    stored: &'a mut Stored<'g>,
    simplifier: &'a mut Simplifier<'g>,
    params: u32,
    device: Device,
    /// Tensors stored in intermediate memory, in the order of their [`Memory`] numbers.
    intermediates: Vec<Uop<'g>>,
    /// How many tensors use a tensor.
    users: FxHashMap<Uop<'g>, usize>,
}

/// How often the elements of a tensor are computed in a kernel.
type Runs<'g> = FxHashMap<Uop<'g>, f64>;

/// The cost of one element of a tensor.
type Costs<'g> = FxHashMap<Uop<'g>, f64>;

/// What a kernel would compute.
#[derive(Default)]
struct Work<'g> {
    runs: Runs<'g>,
    costs: Costs<'g>,
    held: FxHashSet<Uop<'g>>,
}

impl<'g, 'a> Fusion<'g, 'a> {
    pub(super) fn new(
        stored: &'a mut Stored<'g>,
        simplifier: &'a mut Simplifier<'g>,
        params: u32,
        device: Device,
    ) -> Self {
        Fusion { stored, simplifier, params, device, intermediates: vec![], users: FxHashMap::default() }
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
        if self.device == Device::Cpu {
            self.settle_reordered(roots);
        }
        self.settle_shared(roots);
        self.items(roots)
    }

    /// Stores whatever would be computed too often in a kernel for `root` alone.
    fn settle(&mut self, root: Uop<'g>) {
        loop {
            let work = self.work(root);
            let Some(tensor) = self.worst(root, &work) else { return };
            let first = self.innermost(tensor, work.costs);
            self.keep(first);
        }
    }

    /// What to store first where `tensor` is to be stored: what a kernel for it alone would compute too often. That may be
    /// enough.
    fn innermost(&mut self, tensor: Uop<'g>, costs: Costs<'g>) -> Uop<'g> {
        let (mut tensor, mut costs) = (tensor, costs);
        loop {
            let alone = self.work(tensor);
            let Some(inner) = self.worst(tensor, &alone) else { return self.shared_source(tensor, &costs) };
            (tensor, costs) = (inner, alone.costs);
        }
    }

    /// Stores what several kernels would each compute, where that is dearer.
    fn settle_shared(&mut self, roots: &[(Uop<'g>, Memory)]) {
        loop {
            let all = self.work_of_all(roots);
            let is_computed = |t: &Uop<'g>| !self.stored.memory.contains_key(t) && !cost::converts(*t);
            let shared = all.runs.keys().filter(|t| is_computed(t) && self.has_reduction(**t, None));
            let over = shared.filter(|t| self.extra(**t, &all) > cost::store(**t));
            match over.copied().max() {
                Some(tensor) => self.keep(tensor),
                None => return,
            }
        }
    }

    /// Stores what several kernels would each compute in another order than their own, such as the gradient of a pool, window by
    /// window: only one of them then does so, and the others read neighbours in vectors.
    fn settle_reordered(&mut self, roots: &[(Uop<'g>, Memory)]) {
        let is_computed = |t: &Uop<'g>| cost::reorders(*t) && t.src(0).op().is_alu();
        let mut views: Vec<Uop<'g>> = self.users.keys().copied().filter(is_computed).collect();
        while !views.is_empty() {
            let all = self.work_of_all(roots);
            let again = |t: Uop<'g>| all.runs.get(&t).map_or(0.0, |runs| runs - cost::elements(t.shape()));
            views.retain(|t| {
                let is_stored = self.stored.memory.contains_key(t) || self.stored.memory.contains_key(&t.src(0));
                !is_stored && cost::REORDERED * again(t.src(0)) > cost::store(*t)
            });
            if let Some(view) = views.iter().copied().max() {
                self.keep(view);
            }
        }
    }

    /// What all kernels together would compute.
    fn work_of_all(&mut self, roots: &[(Uop<'g>, Memory)]) -> Work<'g> {
        let mut all = Work::default();
        for (tensor, _) in self.needed(roots) {
            let work = self.work(tensor);
            for (node, runs) in &work.runs {
                *all.runs.entry(*node).or_default() += runs;
            }
            // What it costs in a kernel that computes it, which holds others or not.
            all.costs.extend(work.costs.into_iter().filter(|(node, _)| work.runs.contains_key(node)));
            all.held.extend(work.held);
        }
        all
    }

    fn keep(&mut self, tensor: Uop<'g>) {
        if !self.stored.memory.contains_key(&tensor) {
            let memory = Memory(self.params + self.intermediates.len() as u32);
            self.stored.memory.insert(tensor, memory);
            self.intermediates.push(tensor);
        }
    }

    /// What a kernel for `root` would compute how often, at which cost each.
    fn work(&mut self, root: Uop<'g>) -> Work<'g> {
        let (store, evaluated) = self.stored.build(root, Memory(u32::MAX), self.simplifier);
        let nest = Nest::new(store);
        let computes = |t: Uop| t.op() == Op::ReduceAxis || t.op().is_alu();
        let evaluated: Vec<_> = evaluated.into_iter().filter(|(tensor, _)| computes(*tensor)).collect();
        // Memory shared by a block is too small for rows of scores.
        let may_hold = |tensor| self.device == Device::Cpu && tensor != root && self.has_reduction(tensor, None);
        let held = Held::of(&nest, &evaluated, may_hold);
        let computed = without(store, &held);
        let costs = self.costs(root, &held);
        let mut runs = Runs::default();
        let mut seen = FxHashSet::default();
        for (tensor, value) in evaluated.into_iter().filter(|(_, value)| computed.contains(value)) {
            if seen.insert((tensor, value)) {
                let all = cost::runs(&nest, value);
                let is_shared = self.is_shared_in_window(tensor, all, costs[&tensor]);
                *runs.entry(tensor).or_default() += if is_shared { cost::elements(tensor.shape()) } else { all };
            }
        }
        Work { runs, costs, held: held.tensors }
    }

    /// Whether `tensor`, which a loop computes in so many `runs` at this `cost`, is what a window comes to, and needed for each
    /// of its elements: these are beside each other, and share what is computed, in registers.
    fn is_shared_in_window(&self, tensor: Uop<'g>, runs: f64, cost: f64) -> bool {
        let window = runs / cost::elements(tensor.shape()).max(1.0);
        let is_window = |reduction: Uop<'g>| self.window(reduction) == Some(window);
        let may_be = window > 1.0 && window <= WINDOW && cost <= 2.0 * CHEAP * window;
        may_be && self.has_reduction(tensor, None) && self.reductions(tensor, None).all(is_window)
    }

    /// The tensor nearest to `root` that is computed so often that storing it is cheaper.
    fn worst(&self, root: Uop<'g>, work: &Work<'g>) -> Option<Uop<'g>> {
        let candidates = work.runs.keys().copied().filter(|t| *t != root && !self.stored.memory.contains_key(t));
        // What is only converted to a wider float, or rounded, is stored as it was: loads do that, and there is no more to load.
        candidates.filter(|t| !cost::converts(*t) && self.extra(*t, work) > cost::store(*t)).max()
    }

    /// The cost of computing `tensor` as often as `work` does rather than once for each element.
    fn extra(&self, tensor: Uop<'g>, work: &Work<'g>) -> f64 {
        let elements = cost::elements(tensor.shape()).max(1.0);
        let times = work.runs.get(&tensor).copied().unwrap_or(0.0) / elements;
        if times <= 1.0 {
            return 0.0;
        }
        let times = if self.has_reduction(tensor, Some(work)) { times } else { (times / TILE).max(1.0) };
        (times - 1.0) * elements * work.costs.get(&tensor).copied().unwrap_or(0.0)
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
        let identity = tensor.graph().node(Op::Contiguous, tensor.dtype(), &[tensor], Arg::None);
        self.stored.build(identity, target, self.simplifier)
    }

    /// What to store instead of `tensor`: a tensor below it that others need too, if the rest is cheap.
    ///
    /// The gradient of `leaky_relu(x)` needs `x`; storing `x`, and not `leaky_relu(x)`, serves both.
    fn shared_source(&self, tensor: Uop<'g>, costs: &Costs<'g>) -> Uop<'g> {
        let cost = |t: &Uop<'g>| costs.get(t).copied().unwrap_or(0.0);
        let mut best = tensor;
        let (mut seen, mut stack) = (FxHashSet::default(), vec![tensor]);
        while let Some(node) = stack.pop() {
            let sources: Vec<_> = self.same_elements(node).into_iter().filter(|s| seen.insert(*s)).collect();
            for source in sources.into_iter().filter(|s| self.has_reduction(*s, None)) {
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

    /// Whether each element of `tensor` costs a reduction, not one spread over a row, nor one whose results `work` holds.
    fn has_reduction(&self, tensor: Uop<'g>, work: Option<&Work<'g>>) -> bool {
        self.reductions(tensor, work).next().is_some()
    }

    /// The reductions that each element of `tensor` costs, as [`Self::has_reduction`] says.
    fn reductions(&self, tensor: Uop<'g>, work: Option<&Work<'g>>) -> impl Iterator<Item = Uop<'g>> {
        let (mut seen, mut stack) = (FxHashSet::default(), vec![tensor]);
        std::iter::from_fn(move || {
            while let Some(node) = stack.pop() {
                let is_held = |s: &Uop<'g>| work.is_some_and(|work| work.held.contains(s));
                // Once each: what uses a source twice, and does so often, would double the paths to it each time.
                stack.extend(self.same_elements(node).into_iter().filter(|s| !is_held(s) && seen.insert(*s)));
                if node.op() == Op::ReduceAxis && !self.stored.memory.contains_key(&node) {
                    return Some(node);
                }
            }
            None
        })
    }

    /// How many elements `reduction` combines, if no other combines them: what it reads is spread, if at all, over those.
    fn window(&self, reduction: Uop<'g>) -> Option<f64> {
        let Arg::Reduce(_, axes) = reduction.arg() else { return None };
        let times = |of: Uop<'g>, by: Uop<'g>| cost::elements(of.shape()) / cost::elements(by.shape()).max(1.0);
        let window = times(reduction.src(0), reduction);
        let is_same_along = |view: &View| axes.iter().all(|axis| view.strides[*axis].is(0));
        let is_of_window = |node: Uop<'g>| {
            let Arg::View(tracker) = node.arg() else { return true };
            let spread = times(node, node.src(0));
            spread <= 1.0 || spread <= window && tracker.views.last().is_some_and(is_same_along)
        };
        let is_computed = |node: Uop<'g>| node.op() == Op::ReduceAxis && !self.stored.memory.contains_key(&node);
        let (mut seen, mut stack) = (FxHashSet::default(), vec![reduction.src(0)]);
        while let Some(node) = stack.pop() {
            if is_computed(node) || !is_of_window(node) {
                return None;
            }
            stack.extend(self.same_elements(node).into_iter().filter(|s| seen.insert(*s)));
        }
        Some(window)
    }

    /// The cost of one element of everything under `root`; to others a tensor that is stored or held costs a load.
    fn costs(&self, root: Uop<'g>, held: &Held<'g>) -> Costs<'g> {
        let (mut own, mut to_others) = (Costs::default(), Costs::default());
        for node in root.toposort() {
            let cost = cost::element(node, &to_others);
            let is_read = self.stored.memory.contains_key(&node) || held.tensors.contains(&node);
            own.insert(node, cost);
            to_others.insert(node, if is_read { 1.0 } else { cost });
        }
        own
    }
}

/// What is computed for `store`: not what only values that are read need.
fn without<'g>(store: Uop<'g>, held: &Held<'g>) -> FxHashSet<Uop<'g>> {
    let (mut computed, mut stack) = (FxHashSet::default(), vec![store]);
    while let Some(node) = stack.pop() {
        if !held.read.contains(&node) && computed.insert(node) {
            stack.extend(node.srcs());
        }
    }
    computed
}
