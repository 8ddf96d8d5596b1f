//! Memory that a kernel of sums goes through from far away: in its order where it could be read in any, and ahead of time where
//! much is computed of it.

use super::{Plan, is_fresh, is_reduce, leaves, reduced, shared_loop, size};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, are_held, are_near, blocks, bytes, stride};
use crate::optimize::accumulate::only_reduction;
use crate::optimize::action::Action;
use crate::optimize::lookahead::ahead;
use crate::optimize::stage::{is_lane, loads};

/// Bytes that a kernel goes through, from which they are not near the processor anyway.
const FAR: i64 = 1 << 20;
/// Bytes of a run from which hardware reads it as fast as memory allows, wherever the next one is.
const RUN: i64 = 4 << 10;
/// Steps of a part of a sum that pay for adding it up.
const LONG: i64 = 64;

impl<'g> Plan<'g, '_> {
    /// Has a sum of runs that lie apart, with those of other results between, go through memory in its order: a run of each
    /// result in turn, which are added up in scratch memory.
    ///
    /// So the statistics of channels over the pictures of a batch are taken.
    pub(super) fn in_order(&mut self, leaf: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        let &[run, runs, results] = &nest.path(Some(leaf))[..] else { return };
        let is_sum = is_reduce(run) && is_reduce(runs) && !is_reduce(results);
        let inside: Vec<_> = loads(self.kernel).into_iter().filter(|load| load.depends_on(run)).collect();
        let lie_between = |load: &Uop<'g>| are_between(load.src(0).src(1), [run, runs, results]);
        let is_short = |load: &Uop<'g>| size(run) * (load.dtype().bytes() as i64) < RUN;
        let bytes = |load: &Uop<'g>| {
            size(run).saturating_mul(size(runs)).saturating_mul(size(results) * load.dtype().bytes() as i64)
        };
        let is_far = inside.iter().map(bytes).fold(0, i64::saturating_add) >= FAR;
        if !is_sum || !is_far || !inside.iter().all(|load| lie_between(load) && is_short(load)) {
            return;
        }
        let (Some(at), true) = (self.place(results), only_reduction(self.kernel, runs).is_some()) else { return };
        if self.act(Action::Parallel { axis: at }).is_none() {
            return;
        }
        if let Some(axis) = self.place(runs) {
            self.act(Action::Accumulate { axis, size: 1, at });
        }
    }

    /// Has sums of products over more than a second-level cache holds go through memory in its order, a step of the outermost
    /// loop of the sum for all results in turn, if that is long enough to add up what it gives.
    ///
    /// So the weights of a convolution of one channel get their gradient.
    pub(super) fn in_turn(&mut self) {
        let (nest, nodes) = (Nest::new(self.kernel), self.kernel.toposort());
        let path = nest.path(leaves(self.kernel).first().copied());
        let Some(k) = path.iter().rposition(|r| is_reduce(*r) && is_fresh(r)) else { return };
        let (steps, results) = (path[k], &path[k + 1..]);
        let Some((&shared, 2..)) = results.last().zip(Some(results.len())) else { return };
        let [all, step] = [blocks(&nodes, shared, &[]), blocks(&nodes, steps, &[shared])];
        let is_product = |n: &Uop<'g>| n.op() == Op::Reduce && n.src(0).op() == Op::Mul && n.srcs().any(|r| r == steps);
        let is_worth_it = !are_held(&all) && !step.is_empty() && are_held(&step) && reduced(&path[..k]) >= LONG;
        let at = shared_loop(self.kernel).filter(|at| nest.loops()[*at] == shared);
        if let Some((axis, at)) = self.place(steps).zip(at).filter(|_| is_worth_it && nodes.iter().any(is_product)) {
            self.act(Action::Accumulate { axis, size: 1, at });
        }
    }

    /// Asks for the memory of the next iterations of the shared loop, or of one in it, if tiles of sums of products are computed
    /// of each; of the shared loop also where sums of what little a first-level cache holds are.
    pub(super) fn look_ahead(&mut self) {
        let Some((paced, blocks)) = ahead(self.kernel) else { return };
        let written_out = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Unroll));
        // Of lanes or copies of two loops: results of a tile share what they multiply.
        let shares = |n: &Uop<'g>| n.ranges().any(|r| is_lane(&r)) || n.ranges().filter(written_out).count() > 1;
        // With elements of the other factor, or numbers of a table.
        let is_tiled = |n: &Uop<'g>| matches!(n.src(0).op(), Op::Mul | Op::Where) && shares(n);
        let is_shared = || matches!(paced.arg(), Arg::Range(_, Axis::Parallel));
        let reductions = self.kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce);
        let is_worth_it = reductions.into_iter().any(|sum| is_tiled(&sum) || are_near(&blocks) && is_shared());
        let iterations = Nest::new(self.kernel).path(Some(paced)).into_iter().map(size).fold(1, i64::saturating_mul);
        if is_worth_it && bytes(&blocks).saturating_mul(iterations) >= FAR {
            self.act(Action::Lookahead {});
        }
    }
}

/// Whether, between two runs of one result at `address`, there are those of all the others.
fn are_between<'g>(address: Uop<'g>, [run, runs, results]: [Uop<'g>; 3]) -> bool {
    let steps = [run, results, runs].map(|range| stride(address, range).unwrap_or(0));
    steps[0] == 1 && steps[1] >= size(run) && steps[2] >= steps[1].saturating_mul(size(results))
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `w[b, c, j] = Σ x[b, n, i + j] y[b, n, c, i]` of 8 × 16 `n`, 32 `c`, 5 `j` and so many `i`.
    fn of_products(places: i64) -> String {
        let g = Graph::new();
        let range = |size, axis| g.range(g.index(size), axis);
        let [b, c, j] = [8, 32, 5].map(|n| range(n, Axis::Loop));
        let [n, i] = [16, places].map(|n| range(n, Axis::Reduce));
        let x = g.global(DType::F32, 0).element((b * 16 + n) * (places + 4) + i + j, None).load();
        let y = g.global(DType::F32, 1).element(((b * 16 + n) * 32 + c) * places + i, None).load();
        let sum = (x * y).reduce(Op::Add, &[n, i]);
        let kernel = g.sink(&[g.global(DType::F32, 2).element((b * 32 + c) * 5 + j, None).store(sum, &[b, c, j])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn products_of_much_memory_go_through_it_in_its_order() {
        let found = of_products(1024);
        assert!(found.contains("accumulate") && found.ends_with("parallel(0) lookahead"), "{found}");
        for (why, places) in [("near", 100), ("each step is too large", 10_000)] {
            let found = of_products(places);
            assert!(!found.contains("accumulate"), "{why}: {found}");
        }
    }

    /// The actions for `y[c] = Σ x[n, c, i]` of so many `n`, `c` and `i`, with channels `c` at these steps.
    fn of_sums([pictures, channels, places]: [i64; 3], steps: [i64; 3]) -> String {
        let g = Graph::new();
        let range = |size, axis| g.range(g.index(size), axis);
        let (c, n, i) = (range(channels, Axis::Loop), range(pictures, Axis::Reduce), range(places, Axis::Reduce));
        let place = n * steps[0] + c * steps[1] + i * steps[2];
        let sum = g.global(DType::F32, 0).element(place, None).load().reduce(Op::Add, &[n, i]);
        let kernel = g.sink(&[g.global(DType::F32, 1).element(c, None).store(sum, &[c])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn statistics_of_channels_go_through_memory_in_its_order() {
        let in_order = "parallel(0) accumulate(1,1,0)";
        assert!(of_sums([128, 32, 400], [12800, 400, 1]).starts_with(in_order));
        for (why, sizes, steps) in [
            ("near", [4, 32, 400], [12800, 400, 1]),
            ("long runs", [16, 8, 4096], [32768, 4096, 1]),
            ("results in vectors", [128, 32, 400], [12800, 1, 32]),
            ("nothing between", [128, 32, 400], [400, 51200, 1]),
        ] {
            let found = of_sums(sizes, steps);
            assert!(!found.contains("accumulate"), "{why}: {found}");
        }
    }
}
