//! How the loads of an innermost loop move, and what a way to vectorize it costs.

use super::constants::PACKED;
use super::contraction::READERS;
use super::tile::CHAINS;
use super::{SHORT, blocks, is_fresh, is_reduce, is_streamed, reduced, size};
use crate::dtype::Space;
use crate::ir::{Arg, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::apply::overwrites_what_it_reads;
use crate::target::Isa;

/// Bytes between elements that fall into the same lines of a first-level cache.
const CONFLICT: i64 = 4 << 10;
/// Relative cost of a broadcast, where a wide load is 1.
const BROADCAST: f64 = 0.5;
/// Relative cost of one lane that is loaded by itself and put into its place.
const GATHER: f64 = 3.0;
/// Relative cost of one lane that is staged by itself: loaded, put into its place, stored, and not beside other work.
const COPIED: f64 = 6.0;
/// Results in a tile along one loop, about.
const TILED: i64 = 8;
/// Relative cost of every second element, or of all in reverse: one or two wide loads and a shuffle.
const SHUFFLED: f64 = 1.2;
/// Relative cost of one lane that is stored by itself, in a line that little else is stored to.
const SCATTER: f64 = 8.0;
/// Relative cost of one lane that is stored together with neighbours in memory, by shuffles.
const TRANSPOSED: f64 = 1.0;
/// Least relative cost of a load whose lanes are put together once, when it is staged.
const STAGED: f64 = 1.1;
/// Results of one tile that share what combining the lanes of a reduction costs.
const SHARED: f64 = 4.0;

/// A way to vectorize a loop.
#[derive(Clone, Copy)]
pub(super) struct Choice<'g> {
    pub axis: Uop<'g>,
    pub lanes: i64,
    /// Relative time for one element.
    pub cost: f64,
}

/// Whether what is read at `address` as `range` advances falls into the same lines of a first-level cache.
pub(super) fn falls_together<'g>(address: Uop<'g>, range: Uop<'g>) -> bool {
    let step = stride(address.src(1), range).unwrap_or(0);
    let bytes = step.saturating_mul(address.dtype().pointee().bytes() as i64);
    bytes != 0 && bytes % CONFLICT == 0
}

/// How many steps of `range` through `address` a first-level cache holds that has `ways` lines for each place.
pub(super) fn held<'g>(address: Uop<'g>, range: Uop<'g>, ways: i64) -> i64 {
    let step = stride(address.src(1), range).unwrap_or(0);
    let bytes = step.saturating_mul(address.dtype().pointee().bytes() as i64);
    // The powers of two in what both are multiples of.
    let together = 1 << (bytes | CONFLICT).trailing_zeros();
    if bytes == 0 { i64::MAX } else { ways * (CONFLICT / together) }
}

/// The memory accesses in an innermost loop.
pub(super) struct Accesses<'g> {
    /// Addresses of loads in the loop.
    pub loads: Vec<Uop<'g>>,
    /// Addresses of stores in the loop or around it.
    pub stores: Vec<Uop<'g>>,
    kernel: Uop<'g>,
    /// Whether results may be computed twice.
    repeatable: bool,
}

impl<'g> Accesses<'g> {
    pub fn of(kernel: Uop<'g>, nest: &Nest<'g>, leaf: Uop<'g>) -> Accesses<'g> {
        let inside = |n: &Uop<'g>| n.op() == Op::Load && nest.innermost(*n) == Some(leaf);
        let loads = kernel.toposort().into_iter().filter(inside).map(|n| n.src(0)).collect();
        let over = |s: &Uop<'g>| s.op() == Op::Store && s.srcs().skip(2).any(|r| nest.path(Some(leaf)).contains(&r));
        let stores = kernel.toposort().into_iter().filter(over).map(|s| s.src(0)).collect();
        Accesses { loads, stores, kernel, repeatable: !overwrites_what_it_reads(kernel) }
    }

    /// Bytes of the widest value the kernel computes with.
    pub fn widest(&self) -> i64 {
        let data =
            self.kernel.toposort().into_iter().filter(|n| matches!(n.op(), Op::Load | Op::Reduce) || n.op().is_alu());
        let bytes = data.filter(|n| n.dtype().is_float()).map(|n| n.dtype().bytes());
        bytes.max().unwrap_or_else(|| self.stores.iter().map(|s| s.dtype().bytes()).max().unwrap_or(4)).max(1) as i64
    }

    /// How many reductions there are.
    pub fn reductions(&self) -> usize {
        self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce).count()
    }

    /// How many elements the sum over `leaf` combines, if it is one of several that another one adds up.
    pub fn part(&self, leaf: Uop<'g>) -> Option<i64> {
        let is_sum = |n: &Uop<'g>| n.op() == Op::Reduce && *n.arg() == Arg::Op(Op::Add);
        let sums = self.kernel.toposort().into_iter().filter(is_sum);
        let mut parts = sums.map(|sum| sum.src(0)).filter(is_sum).map(|part| part.srcs().skip(1).collect::<Vec<_>>());
        Some(parts.find(|ranges| ranges.contains(&leaf))?.into_iter().map(size).product())
    }

    /// Whether results go past the caches.
    pub fn stream(&self) -> bool {
        is_streamed(self.kernel)
    }

    /// Whether the last block of `axis` may begin earlier, and so overlap the one before.
    pub fn may_overlap(&self, axis: Uop<'g>) -> bool {
        self.repeatable && !is_reduce(axis) && axis.src(0).as_int().is_some()
    }

    /// How many loads move with `axis`.
    pub fn moving(&self, axis: Uop<'g>) -> usize {
        self.loads.iter().filter(|l| l.depends_on(axis)).count()
    }

    /// How many loads stay where they are when `axis` advances.
    pub fn still(&self, axis: Uop<'g>) -> usize {
        self.loads.len() - self.moving(axis)
    }

    /// Relative time for one element without vectors.
    fn scalar_cost(&self, chain: &[Uop<'g>]) -> f64 {
        let row = chain.iter().find(|r| !is_reduce(**r));
        let is_apart = |s: &Uop<'g>| row.is_some_and(|row| !matches!(stride(s.src(1), *row), Some(0 | 1)));
        let scatter = if self.stores.iter().any(is_apart) { SCATTER / reduced(chain) as f64 } else { 0.0 };
        self.loads.len() as f64 + 1.0 + scatter
    }

    /// The best way to vectorize one of the loops of `chain`, if any is better than none.
    pub fn best(&self, isa: Isa, chain: &[Uop<'g>]) -> Option<Choice<'g>> {
        let lanes = isa.vector_bytes() as i64 / self.widest();
        let all = chain.iter().filter(|r| is_fresh(r)).flat_map(|&axis| self.choices(axis, lanes, chain));
        all.min_by(|a, b| a.cost.total_cmp(&b.cost)).filter(|c| c.cost < self.scalar_cost(chain))
    }

    /// The ways to vectorize along `axis`, with up to `most` lanes.
    fn choices(&self, axis: Uop<'g>, most: i64, chain: &[Uop<'g>]) -> Vec<Choice<'g>> {
        let written = self.stores.iter().filter(|s| !is_reduce(axis) && s.depends_on(axis));
        let steps: Option<Vec<i64>> = written.map(|s| stride(s.src(1), axis)).collect();
        let in_order = |steps: &[i64]| steps.iter().all(|s| *s == 1);
        let Some(steps) = steps.filter(|s| in_order(s) || is_reduce(chain[0])) else { return vec![] };
        let fills_scratch = self.loads.iter().any(|l| l.src(0).depends_on(axis));
        if fills_scratch || is_reduce(axis) && axis != chain[0] {
            return vec![];
        }
        // Results that are not neighbours are stored one by one, or put in order with others of a tile, but only once for
        // a whole reduction.
        let scattered = if self.has_neighbours(axis, chain) { TRANSPOSED } else { SCATTER };
        let scatter = if in_order(&steps) { 0.0 } else { scattered / reduced(chain) as f64 };
        let widths = std::iter::successors(Some(most), |l| (*l > 2).then_some(l / 2));
        widths
            .filter(|lanes| *lanes >= 2 && *lanes <= size(axis))
            .map(|lanes| {
                let choice = self.choice(axis, lanes, chain);
                Choice { cost: choice.cost + scatter, ..choice }
            })
            .collect()
    }

    /// Whether another loop moves through neighbours in memory, some of which make a tile.
    fn has_neighbours(&self, axis: Uop<'g>, chain: &[Uop<'g>]) -> bool {
        let is_row = |r: &&Uop<'g>| **r != axis && !is_reduce(**r) && size(**r) >= TILED;
        let mut rows = chain.iter().filter(is_row);
        rows.any(|r| self.stores.iter().all(|s| stride(s.src(1), *r) == Some(1)))
    }

    fn choice(&self, axis: Uop<'g>, lanes: i64, chain: &[Uop<'g>]) -> Choice<'g> {
        let n = size(axis);
        let steps = if self.may_overlap(axis) { blocks(n, lanes) } else { n / lanes + n % lanes };
        let loads: f64 = self.loads.iter().map(|l| self.load_cost(*l, axis, lanes, chain)).sum();
        // Lanes of a reduction are combined at the end, by halves.
        let combine = if is_reduce(axis) { 2.0 * (lanes as f64).log2() / SHARED } else { 0.0 };
        Choice { axis, lanes, cost: ((loads + 1.0) * steps as f64 + combine) / n as f64 }
    }

    /// Relative cost of `load`, which alone moves with `axis`, if it is read often enough to be staged by its lanes, or is
    /// constant between calls, so that it is packed.
    fn staged(&self, load: Uop<'g>, axis: Uop<'g>, lanes: i64, chain: &[Uop<'g>]) -> Option<f64> {
        let over_results = || chain.iter().filter(|r| !is_reduce(**r));
        let readers = over_results().filter(|r| !load.depends_on(**r)).map(|r| size(*r)).fold(1, i64::saturating_mul);
        // A loop of unknown length may have one iteration in a call, for which the copy would be made.
        let are_known = over_results().all(|r| r.src(0).as_int().is_some());
        let is_staged = is_reduce(chain[0])
            && load.src(0).op() == Op::DefineGlobal
            && !is_reduce(axis)
            && self.moving(axis) == 1
            && self.kernel.arity() == 1;
        let is_packed = load.dtype().space == Some(Space::Constant) && readers >= PACKED && reduced(chain) > SHORT;
        match is_staged {
            true if is_packed => Some(STAGED),
            true if are_known && readers >= READERS * TILED => {
                Some(STAGED.max(1.0 + COPIED * lanes as f64 / readers as f64))
            }
            _ => None,
        }
    }

    fn load_cost(&self, load: Uop<'g>, axis: Uop<'g>, lanes: i64, chain: &[Uop<'g>]) -> f64 {
        let guarded = load.srcs().nth(2).is_some_and(|valid| valid.depends_on(axis));
        match stride(load.src(1), axis) {
            Some(0) if !guarded => BROADCAST,
            Some(1) if !guarded => 1.0,
            Some(2 | -1) if !guarded => SHUFFLED,
            step => {
                let staged = step.filter(|_| !guarded).and_then(|_| self.staged(load, axis, lanes, chain));
                if let Some(cost) = staged {
                    return cost;
                }
                let others = chain.iter().filter(|r| **r != axis && !is_reduce(**r) && !load.depends_on(**r));
                let shared = others.map(|r| size(*r)).max().unwrap_or(1).min(CHAINS);
                GATHER * lanes as f64 / shared as f64
            }
        }
    }
}
