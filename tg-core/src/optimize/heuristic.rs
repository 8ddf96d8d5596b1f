//! The default actions: chosen from how each load moves with each loop, and from the register file.
//!
//! 0. What a reduction computes at some cost, and a later loop needs again, is kept in scratch memory.
//! 1. Each innermost loop is given vectors, along itself or along a loop around it, whichever makes the
//!    fewest instructions per element: a neighbour in memory is one load for all lanes, the same element
//!    for all lanes a broadcast, anything else a load for each lane.
//! 2. A reduction around which results share operands is tiled: as many results in registers as the
//!    register file holds, shaped for the fewest loads per operation. One whose results share nothing
//!    gets several accumulators, so that additions do not wait for each other.
//! 3. Results larger than the caches go past them.
//! 4. The outermost loop over results is shared among threads.

use super::action::{Action, Actions};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, stride};
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// A size that is not known is taken to be this, or its largest value.
const TYPICAL: i64 = 256;
/// Independent accumulators that hide the latency of an addition.
const CHAINS: u32 = 4;
/// Rows of a tile share an operand at most this often.
const MOST_ROWS: u32 = 8;
/// Relative cost of a broadcast, where a wide load is 1.
const BROADCAST: f64 = 0.5;
/// Relative cost of one lane that is loaded by itself and put into its place.
const GATHER: f64 = 3.0;
/// Results of at least as many bytes are taken to be larger than the last-level cache.
const STREAMED: i128 = 32 << 20;
/// A reduction of at most this many elements is written out.
const SHORT: i64 = 16;

/// The actions for `kernel` on `isa`, and the kernel after them.
pub fn heuristic<'g>(kernel: Uop<'g>, isa: Isa, simplifier: &mut Simplifier<'g>) -> (Actions, Uop<'g>) {
    let mut plan = Plan { kernel, isa, actions: Actions::default(), simplifier };
    plan.keep();
    for leaf in leaves(kernel) {
        plan.shape(leaf);
    }
    plan.stream();
    plan.share();
    (plan.actions, plan.kernel)
}

struct Plan<'g, 'a> {
    kernel: Uop<'g>,
    isa: Isa,
    actions: Actions,
    simplifier: &'a mut Simplifier<'g>,
}

/// Loops with no loop inside, the one that runs most often first.
fn leaves(kernel: Uop) -> Vec<Uop> {
    let nest = Nest::new(kernel);
    let loops = nest.loops();
    let mut leaves: Vec<_> =
        loops.iter().copied().filter(|l| loops.iter().all(|o| nest.parent(*o) != Some(*l))).collect();
    leaves.sort_by_key(|l| {
        (std::cmp::Reverse(nest.path(Some(*l)).into_iter().map(size).fold(1, i64::saturating_mul)), *l)
    });
    leaves
}

fn size(range: Uop) -> i64 {
    let size = range.src(0);
    size.as_int().unwrap_or(size.vmax().min(TYPICAL as i128)) as i64
}

fn is_reduce(range: Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Reduce))
}

/// A way to vectorize a loop.
#[derive(Clone, Copy)]
struct Choice<'g> {
    axis: Uop<'g>,
    lanes: i64,
    /// Relative time for one element.
    cost: f64,
}

impl<'g> Plan<'g, '_> {
    /// Keeps what reductions compute and later loops would compute again.
    fn keep(&mut self) {
        for axis in 0..Nest::new(self.kernel).loops().len() {
            self.act(Action::Keep { axis });
        }
    }

    /// Vectors and tile of one innermost loop, if it is still there.
    fn shape(&mut self, leaf: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        if !nest.loops().contains(&leaf) {
            return;
        }
        let chain = nest.path(Some(leaf));
        let fresh = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Reduce));
        let accesses = Accesses::of(self.kernel, &nest, leaf);
        let lanes = self.isa.vector_bytes() as i64 / accesses.widest();
        let choice = chain.iter().filter(|r| fresh(r)).flat_map(|&axis| accesses.choices(axis, lanes, &chain));
        let choice = choice.min_by(|a, b| a.cost.total_cmp(&b.cost)).filter(|c| c.cost < accesses.scalar_cost());
        if is_reduce(leaf)
            && choice.is_some_and(|c| c.axis != leaf)
            && leaf.src(0).as_int().is_some_and(|n| n <= SHORT as i128)
        {
            self.write_out(leaf, &chain, choice);
            return;
        }
        let tile = self.tile(&accesses, leaf, &chain, choice);
        if let Some(choice) = choice {
            // Split before the other loops of the tile: what they leave over is then still wide.
            let (lanes, axis) = (choice.lanes as u32, choice.axis);
            let outer = self.vectorize(axis, lanes);
            for (axis, by) in tile {
                self.unroll(if axis == choice.axis { outer } else { Some(axis) }, by);
            }
        } else {
            for (axis, by) in tile {
                self.unroll(Some(axis), by);
            }
        }
    }

    /// A short reduction without its loop: what does not vary with the inner loop over results is loaded
    /// before it, so the loop along the vectors goes outside.
    fn write_out(&mut self, leaf: Uop<'g>, chain: &[Uop<'g>], choice: Option<Choice<'g>>) {
        self.unroll(Some(leaf), size(leaf) as u32);
        let Some(choice) = choice else { return };
        let outer = self.vectorize(choice.axis, choice.lanes as u32);
        if let Some(row) = chain.iter().find(|r| !is_reduce(**r) && **r != choice.axis) {
            self.unroll(Some(*row), best_divisor(size(*row), CHAINS as i64));
        }
        if let Some(axis) = outer.and_then(|o| self.place(o)).filter(|place| *place > 0) {
            self.act(Action::Tile { axis, size: 1 });
        }
    }

    /// Which loops to unroll by how much, once `choice` is vectorized.
    fn tile(
        &self,
        accesses: &Accesses<'g>,
        leaf: Uop<'g>,
        chain: &[Uop<'g>],
        choice: Option<Choice<'g>>,
    ) -> Vec<(Uop<'g>, u32)> {
        if !is_reduce(leaf) {
            return vec![];
        }
        let vector = choice.map(|c| c.axis);
        let count =
            |axis: Uop<'g>| if Some(axis) == vector { size(axis) / choice.map_or(1, |c| c.lanes) } else { size(axis) };
        let results: Vec<Uop<'g>> = chain.iter().copied().filter(|r| !is_reduce(*r)).collect();
        let shared: Vec<Uop<'g>> =
            results.into_iter().filter(|r| accesses.still(*r) > 0 && accesses.moving(*r) > 0).take(2).collect();
        match shared[..] {
            [a, b] => self.rectangle(accesses, a, b, &count).into_iter().collect(),
            [a] if accesses.loads.len() > 1 => vec![(a, best_divisor(count(a), CHAINS as i64 * 2))],
            _ => self.chains(leaf, vector, chain, &count),
        }
    }

    /// The tile a×b of results with the fewest loads per operation that fits the registers.
    fn rectangle(
        &self,
        accesses: &Accesses<'g>,
        a: Uop<'g>,
        b: Uop<'g>,
        count: &dyn Fn(Uop<'g>) -> i64,
    ) -> [(Uop<'g>, u32); 2] {
        let registers = self.isa.vector_registers() as i64;
        let (along_a, along_b) = (accesses.moving(a) as f64, accesses.moving(b) as f64);
        let mut best = (f64::MAX, 1, 1);
        for x in 1..=16.min(count(a).max(1)) {
            for y in 1..=16.min(count(b).max(1)) {
                // Accumulators, one operand held and one passing through.
                if x * y + x.min(y) + 1 >= registers {
                    continue;
                }
                let loads = (along_a * x as f64 + along_b * y as f64) / (x * y) as f64;
                let cost = (1.0 + loads) * waste(count(a), x) * waste(count(b), y) * latency(x * y);
                if cost < best.0 {
                    best = (cost, x, y);
                }
            }
        }
        [(a, best.1 as u32), (b, best.2 as u32)]
    }

    /// Several accumulators for a reduction whose results share nothing.
    fn chains(
        &self,
        leaf: Uop<'g>,
        vector: Option<Uop<'g>>,
        chain: &[Uop<'g>],
        count: &dyn Fn(Uop<'g>) -> i64,
    ) -> Vec<(Uop<'g>, u32)> {
        let axis = vector.filter(|v| !is_reduce(*v)).unwrap_or(leaf);
        let enough = chain.contains(&axis) && count(axis) >= CHAINS as i64;
        if enough { vec![(axis, best_divisor(count(axis), CHAINS as i64))] } else { vec![] }
    }

    fn place(&self, range: Uop<'g>) -> Option<usize> {
        Nest::new(self.kernel).loops().iter().position(|r| *r == range)
    }

    fn act(&mut self, action: Action) {
        // An action chosen here names a loop that exists; an error would be a bug, and costs only speed.
        if let Ok(kernel) = action.apply(self.kernel, self.simplifier) {
            self.kernel = kernel;
            self.actions.0.push(action);
        }
    }

    /// Vectorizes `axis`; returns the loop over vectors that takes its place.
    fn vectorize(&mut self, axis: Uop<'g>, lanes: u32) -> Option<Uop<'g>> {
        let before = Nest::new(self.kernel).loops();
        let place = self.place(axis)?;
        self.act(Action::Vectorize { axis: place, lanes });
        let new = Nest::new(self.kernel).loops().into_iter().filter(|r| !before.contains(r));
        let fresh = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Reduce));
        // The loop over vectors is made before the one over what is left.
        new.filter(fresh).min()
    }

    fn unroll(&mut self, axis: Option<Uop<'g>>, by: u32) {
        if let Some(place) = axis.filter(|_| by > 1).and_then(|axis| self.place(axis)) {
            self.act(Action::Unroll { axis: place, by });
        }
    }

    /// Sends results that are larger than the caches, and not read by the kernel itself, past them.
    fn stream(&mut self) {
        let nest = Nest::new(self.kernel);
        let accesses = self.kernel.toposort().into_iter();
        let read: Vec<_> = accesses.filter(|n| n.op() == Op::Load).map(|n| n.src(0).src(0)).collect();
        let bytes = |store: Uop<'g>| {
            let trips = nest.path(store.srcs().last()).into_iter().map(|r| r.src(0).as_int());
            trips.fold(Some(store.src(1).dtype().bytes() as i128), |a, b| a?.checked_mul(b?))
        };
        let total: Option<i128> = self.kernel.srcs().map(bytes).sum();
        if total.is_some_and(|t| t >= STREAMED) && self.kernel.srcs().all(|s| !read.contains(&s.src(0).src(0))) {
            self.act(Action::Stream);
        }
    }

    /// Gives the outermost loop over results that has more than one iteration to the threads.
    fn share(&mut self) {
        let nest = Nest::new(self.kernel);
        let outermost =
            |r: &Uop<'g>| nest.depth(*r) == 0 && matches!(r.arg(), Arg::Range(_, Axis::Loop)) && size(*r) > 1;
        let place = nest.loops().into_iter().filter(outermost).max_by_key(|r| (size(*r), std::cmp::Reverse(*r)));
        if let Some(place) = place.and_then(|r| self.place(r)) {
            self.act(Action::Parallel { axis: place });
        }
    }
}

/// How much longer `count` iterations take in steps of `by`, with what is left over one at a time.
fn waste(count: i64, by: i64) -> f64 {
    let rest = (count % by) as f64;
    1.0 + rest / count.max(1) as f64 * (1.0 - 1.0 / by as f64)
}

/// How much longer few accumulators take: each waits for its own last addition.
fn latency(accumulators: i64) -> f64 {
    (2.0 * CHAINS as f64 / accumulators as f64).max(1.0)
}

/// The largest divisor of `count` up to `most`; `most` itself if only a small one divides.
fn best_divisor(count: i64, most: i64) -> u32 {
    let divisor = (1..=most).rev().find(|d| count % d == 0).unwrap_or(1);
    (if divisor * 2 >= most { divisor } else { most.min(count.max(1)) }) as u32
}

/// The memory accesses in an innermost loop.
struct Accesses<'g> {
    /// Addresses of loads in the loop.
    loads: Vec<Uop<'g>>,
    /// Addresses of stores in the loop or around it.
    stores: Vec<Uop<'g>>,
    kernel: Uop<'g>,
}

impl<'g> Accesses<'g> {
    fn of(kernel: Uop<'g>, nest: &Nest<'g>, leaf: Uop<'g>) -> Accesses<'g> {
        let inside = |n: &Uop<'g>| n.op() == Op::Load && nest.innermost(*n) == Some(leaf);
        let loads = kernel.toposort().into_iter().filter(inside).map(|n| n.src(0)).collect();
        Accesses { loads, stores: kernel.srcs().map(|s| s.src(0)).collect(), kernel }
    }

    /// Bytes of the widest value the kernel computes with.
    fn widest(&self) -> i64 {
        let data =
            self.kernel.toposort().into_iter().filter(|n| matches!(n.op(), Op::Load | Op::Reduce) || n.op().is_alu());
        let bytes = data.filter(|n| n.dtype().is_float()).map(|n| n.dtype().bytes());
        bytes.max().unwrap_or_else(|| self.stores.iter().map(|s| s.dtype().bytes()).max().unwrap_or(4)).max(1) as i64
    }

    /// How many loads move with `axis`.
    fn moving(&self, axis: Uop<'g>) -> usize {
        self.loads.iter().filter(|l| l.depends_on(axis)).count()
    }

    /// How many loads stay where they are when `axis` advances.
    fn still(&self, axis: Uop<'g>) -> usize {
        self.loads.len() - self.moving(axis)
    }

    fn scalar_cost(&self) -> f64 {
        self.loads.len() as f64 + 1.0
    }

    /// The ways to vectorize along `axis`, with up to `most` lanes.
    fn choices(&self, axis: Uop<'g>, most: i64, chain: &[Uop<'g>]) -> Vec<Choice<'g>> {
        let written = |s: &&Uop<'g>| !is_reduce(axis) && s.depends_on(axis);
        if self.stores.iter().filter(written).any(|s| stride(s.src(1), axis) != Some(1))
            || (is_reduce(axis) && axis != chain[0])
        {
            return vec![];
        }
        let widths = std::iter::successors(Some(most), |l| (*l > 2).then_some(l / 2));
        widths
            .filter(|lanes| *lanes >= 2 && *lanes <= size(axis))
            .map(|lanes| self.choice(axis, lanes, chain))
            .collect()
    }

    fn choice(&self, axis: Uop<'g>, lanes: i64, chain: &[Uop<'g>]) -> Choice<'g> {
        let n = size(axis);
        let steps = (n / lanes + n % lanes) as f64;
        let loads: f64 = self.loads.iter().map(|l| self.load_cost(*l, axis, lanes, chain)).sum();
        // Lanes of a reduction are combined at the end, by halves.
        let combine = if is_reduce(axis) { 2.0 * (lanes as f64).log2() / (MOST_ROWS as f64 / 2.0) } else { 0.0 };
        Choice { axis, lanes, cost: ((loads + 1.0) * steps + combine) / n as f64 }
    }

    fn load_cost(&self, load: Uop<'g>, axis: Uop<'g>, lanes: i64, chain: &[Uop<'g>]) -> f64 {
        let guarded = load.srcs().nth(2).is_some_and(|valid| valid.depends_on(axis));
        match stride(load.src(1), axis) {
            Some(0) if !guarded => BROADCAST,
            Some(1) if !guarded => 1.0,
            _ => {
                let others = chain.iter().filter(|r| **r != axis && !is_reduce(**r) && !load.depends_on(**r));
                let shared = others.map(|r| size(*r)).max().unwrap_or(1).min(CHAINS as i64);
                GATHER * lanes as f64 / shared as f64
            }
        }
    }
}
