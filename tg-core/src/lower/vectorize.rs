//! Before: Lane ranges. After: none; what varied with one is a vector.
//!
//! A load whose address advances by one from lane to lane is one wide load, one of elements near each other one or two and a
//! shuffle; any other is put together lane by lane, or, with its neighbours, by shuffles ([`super::transpose`]); so with stores.
//! A reduction over the lanes first combines whole vectors over its other ranges, then the lanes by halves.

use super::transpose::{Access, columns, rows, runs};
use super::unroll::{pairwise, unroll};
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Memo, Op, Uop};
use crate::loops::{instantiate, stride, substitute};
use crate::symbolic::Simplifier;

pub(super) fn vectorize<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = kernel;
    let is_lane = |n: &Uop| matches!(n.arg(), Arg::Range(_, Axis::Lane));
    while let Some(range) = kernel.toposort().into_iter().find(is_lane) {
        if meets_vectors(kernel, range) {
            let unrolled = range.graph().range(range.src(0), Axis::Unroll);
            kernel = unroll(substitute(kernel, &[(range, unrolled)]), simplifier);
            continue;
        }
        let mut pass = Vectorize::new(range, simplifier);
        pass.load_neighbours(kernel);
        for node in kernel.toposort() {
            let vector = pass.vector(node);
            pass.done.insert(node, vector);
        }
        kernel = pass.done[kernel];
    }
    kernel
}

/// Whether something that varies with `range`, or is combined or stored over it, is a vector already: the lanes
/// of two loops do not mix, so that the second one is unrolled.
fn meets_vectors<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let is_vector = |n: Uop| n.dtype().space.is_none() && n.dtype().lanes > 1;
    let uses = |n: Uop<'g>| n.depends_on(range) || n.srcs().any(|s| s == range);
    kernel.toposort().into_iter().any(|n| uses(n) && (is_vector(n) || n.srcs().any(is_vector)))
}

struct Vectorize<'g, 'a> {
    range: Uop<'g>,
    lanes: u16,
    simplifier: &'a mut Simplifier<'g>,
    done: Memo<'g, Uop<'g>>,
    /// Loads that are put in order together with their neighbours.
    together: Memo<'g, Uop<'g>>,
}

impl<'g, 'a> Vectorize<'g, 'a> {
    fn new(range: Uop<'g>, simplifier: &'a mut Simplifier<'g>) -> Self {
        let lanes = range.src(0).as_int().unwrap_or_else(|| panic!("vectorize: {range:?} has no known size"));
        let (done, together) = (Memo::new(range.graph()), Memo::new(range.graph()));
        Vectorize { range, lanes: lanes as u16, simplifier, done, together }
    }

    /// Puts the loads of neighbours whose lanes are apart in order.
    fn load_neighbours(&mut self, kernel: Uop<'g>) {
        let is_load = |n: &Uop<'g>| n.op() == Op::Load && n.depends_on(self.range);
        let loads = kernel.toposort().into_iter().filter(is_load).filter_map(|n| Access::of(n, self.range)).collect();
        for run in runs(loads, self.lanes.into()) {
            let dtype = run[0].node.dtype().vec(run.len() as u16);
            let row = |j| run[0].node.graph().node(Op::Load, dtype, &[run[0].address(j)], Arg::None);
            let vectors = columns((0..self.lanes as i64).map(row).collect());
            for (access, vector) in run.iter().zip(vectors) {
                self.together.insert(access.node, vector);
            }
        }
    }

    /// `node`, a SINK or AFTER, with its stores done: those of neighbours whose lanes are apart put in order.
    fn with_stores(&self, node: Uop<'g>) -> Uop<'g> {
        let closes = |s: &Uop<'g>| s.op() == Op::Store && s.srcs().skip(2).any(|r| r == self.range);
        let apart = node.srcs().filter(closes).filter_map(|s| Access::of(s, self.range)).collect();
        let runs = runs(apart, self.lanes.into());
        let is_alone = |s: &Uop<'g>| !runs.iter().flatten().any(|access| access.node == *s);
        let mut src: Vec<_> = node.srcs().filter(is_alone).map(|s| self.done[s]).collect();
        src.extend(runs.iter().flat_map(|run| self.store_neighbours(run)));
        node.with_srcs(&src)
    }

    fn store_neighbours(&self, run: &[Access<'g>]) -> Vec<Uop<'g>> {
        let values = run.iter().map(|access| self.wide(self.done[access.node.src(1)])).collect();
        let others: Vec<_> = run[0].node.srcs().skip(2).filter(|r| *r != self.range).collect();
        let store = |(j, row)| run[0].node.with_srcs(&[&[run[0].address(j), row], &others[..]].concat());
        (0..).zip(rows(values)).map(store).collect()
    }

    /// `node` with its sources done: a vector if it varies with the range, else a scalar.
    fn vector(&mut self, node: Uop<'g>) -> Uop<'g> {
        let closes = |fixed: usize| node.srcs().skip(fixed).any(|r| r == self.range);
        match node.op() {
            Op::Range if node == self.range => self.lanes_of(|i| node.like(i)),
            Op::Reduce if closes(1) => self.reduce(node),
            Op::Store if closes(2) => self.store(node),
            Op::Sink | Op::After => self.with_stores(node),
            Op::Load if self.together.contains(node) => self.together[node],
            Op::Load if node.depends_on(self.range) => self.load(node),
            // Addresses stay scalar: a vector of them is put together where it is used.
            Op::Index | Op::Store | Op::Load | Op::Range => self.rebuilt(node),
            Op::Reduce => self.over_vectors(node),
            Op::Where if self.is_choice_of_lanes(node) => self.lane_by_lane(node),
            op if (op.is_alu() || op == Op::Shuffle) && node.depends_on(self.range) => self.elementwise(node),
            _ => self.rebuilt(node),
        }
    }

    fn rebuilt(&self, node: Uop<'g>) -> Uop<'g> {
        let src: Vec<_> = node.srcs().map(|s| self.done[s]).collect();
        if node.op() == Op::Index && node.depends_on(self.range) { node } else { node.with_srcs(&src) }
    }

    /// A vector whose lane `i` is `lane(i)`.
    fn lanes_of(&self, lane: impl Fn(i64) -> Uop<'g>) -> Uop<'g> {
        let src: Vec<_> = (0..self.lanes as i64).map(lane).collect();
        let dtype = src[0].dtype().vec(self.lanes);
        self.range.graph().node(Op::Vectorize, dtype, &src, Arg::None)
    }

    /// `value` as a vector: itself, or copies of it.
    fn wide(&self, value: Uop<'g>) -> Uop<'g> {
        match value.as_const() {
            _ if value.dtype().lanes > 1 => value,
            Some(v) => value.graph().constant(value.dtype().vec(self.lanes), v),
            None => value.splat(self.lanes),
        }
    }

    fn elementwise(&self, node: Uop<'g>) -> Uop<'g> {
        let src: Vec<_> = node.srcs().map(|s| self.wide(self.done[s])).collect();
        node.graph().node(node.op(), node.dtype().vec(self.lanes), &src, node.arg().clone())
    }

    /// Whether the lane alone decides what `node`, a WHERE, chooses.
    fn is_choice_of_lanes(&self, node: Uop<'g>) -> bool {
        node.src(0).range_ids() == [self.range.id()] && !node.src(1).depends_on(self.range)
    }

    fn lane_by_lane(&mut self, node: Uop<'g>) -> Uop<'g> {
        let lanes: Vec<_> = (0..self.lanes as i64).map(|i| self.at(node, i)).collect();
        node.graph().node(Op::Vectorize, node.dtype().vec(self.lanes), &lanes, Arg::None)
    }

    fn over_vectors(&self, node: Uop<'g>) -> Uop<'g> {
        let src: Vec<_> = node.srcs().map(|s| self.done[s]).collect();
        let dtype = node.dtype().element().vec(src[0].dtype().lanes);
        node.graph().node(Op::Reduce, dtype, &src, node.arg().clone())
    }

    fn reduce(&mut self, node: Uop<'g>) -> Uop<'g> {
        let Arg::Op(op) = *node.arg() else { return node };
        let others: Vec<_> = node.srcs().skip(1).filter(|r| *r != self.range).collect();
        let mut vector = self.wide(self.done[node.src(0)]).reduce(op, &others);
        while vector.dtype().lanes > 1 && vector.dtype().lanes.is_multiple_of(2) {
            let half = vector.dtype().lanes / 2;
            vector = lanes(vector, 0, half).alu(op, &[lanes(vector, half, half)]);
        }
        let rest = vector.dtype().lanes as u32;
        if rest == 1 { vector } else { pairwise((0..rest).map(|i| vector.lane(i)).collect(), op) }
    }

    /// The address in lane 0, if lanes are neighbours in memory and accessed together.
    fn consecutive(&mut self, index: Uop<'g>) -> Option<Uop<'g>> {
        let guarded = index.srcs().nth(2).is_some_and(|valid| valid.depends_on(self.range));
        let even = !guarded && stride(index.src(1), self.range) == Some(1);
        even.then(|| self.at(index, 0))
    }

    /// `node` in lane `i`.
    fn at(&mut self, node: Uop<'g>, i: i64) -> Uop<'g> {
        self.simplifier.simplify(instantiate(node, self.range, self.range.like(i)))
    }

    fn load(&mut self, node: Uop<'g>) -> Uop<'g> {
        let dtype = node.dtype().vec(self.lanes);
        match self.consecutive(node.src(0)) {
            Some(index) => {
                let alt = node.srcs().nth(1).map(|alt| self.wide(alt));
                let src: Vec<_> = [index].into_iter().chain(alt).collect();
                node.graph().node(Op::Load, dtype, &src, node.arg().clone())
            }
            None => self.out_of_vectors(node).unwrap_or_else(|| {
                let lanes: Vec<_> = (0..self.lanes as i64).map(|i| self.load_lane(node, i)).collect();
                node.graph().node(Op::Vectorize, dtype, &lanes, Arg::None)
            }),
        }
    }

    /// What all lanes load, out of one or two vectors, if these are wide enough for what is between the first and the last
    /// element, and nothing guards the lanes differently.
    fn out_of_vectors(&mut self, node: Uop<'g>) -> Option<Uop<'g>> {
        let (index, most) = (node.src(0), self.lanes as i64);
        let differs = |n: Uop<'g>| n.depends_on(self.range);
        let mut guards = node.srcs().nth(1).into_iter().chain(index.srcs().nth(2));
        if most <= 2 || guards.any(differs) {
            return None;
        }
        let first = self.at(index, 0);
        let places = self.distances(index, first)?;
        let (low, high) = (*places.iter().min()?, *places.iter().max()?);
        let span = high - low + 1;
        if span > 2 * most || span == 1 {
            return None;
        }
        let width = (1 << span.ilog2()).min(most);
        let [begin, end] = [low, high + 1 - width].map(|place| {
            let place = self.simplifier.simplify(first.src(1) + first.src(1).like(place));
            let nothing = node.srcs().nth(1).map(|nothing| nothing.splat(width as u16));
            let src: Vec<_> = [first.src(0).element(place, first.srcs().nth(2))].into_iter().chain(nothing).collect();
            node.graph().node(Op::Load, node.dtype().vec(width as u16), &src, Arg::None)
        });
        let lane = |place: i64| match place - low {
            at if at < width => begin.lane(at as u32),
            at => end.lane((at - (span - width)) as u32),
        };
        let all: Vec<_> = places.into_iter().map(lane).collect();
        Some(node.graph().node(Op::Vectorize, node.dtype().vec(self.lanes), &all, Arg::None))
    }

    /// How far `index` is in each lane from where it is in the `first`, if that is the same in all iterations of other loops.
    fn distances(&mut self, index: Uop<'g>, first: Uop<'g>) -> Option<Vec<i64>> {
        let lanes = 0..self.lanes as i64;
        if let Some(step) = stride(index.src(1), self.range) {
            return Some(lanes.map(|i| i * step).collect());
        }
        let distance = |i| self.at(index, i).src(1) - first.src(1);
        let distances: Vec<_> = lanes.map(distance).collect();
        distances.into_iter().map(|d| Some(self.simplifier.simplify(d).as_int()? as i64)).collect()
    }

    /// What lane `i` loads. An address that moves evenly is that of lane 0 plus a constant.
    fn load_lane(&mut self, node: Uop<'g>, i: i64) -> Uop<'g> {
        let index = node.src(0);
        match stride(index.src(1), self.range) {
            Some(step) if index.arity() == 2 && node.arity() == 1 && i > 0 => {
                let first = self.at(index, 0);
                first.src(0).element(first.src(1) + first.src(1).like(i * step), None).load()
            }
            _ => self.at(node, i),
        }
    }

    fn store(&mut self, node: Uop<'g>) -> Uop<'g> {
        let others: Vec<_> = node.srcs().skip(2).filter(|r| *r != self.range).collect();
        let value = self.wide(self.done[node.src(1)]);
        match self.consecutive(node.src(0)) {
            Some(index) => node.with_srcs(&[&[index, value], &others[..]].concat()),
            None => node.with_srcs(&[&[self.scattered(node.src(0)), value], &others[..]].concat()),
        }
    }

    /// The addresses of all lanes, which are not neighbours. A condition is that of all of them.
    fn scattered(&mut self, index: Uop<'g>) -> Uop<'g> {
        let first = self.at(index, 0);
        let differs = index.srcs().nth(2).is_some_and(|valid| valid.depends_on(self.range));
        let step = stride(index.src(1), self.range).filter(|_| !differs);
        let step = step.unwrap_or_else(|| panic!("vectorize: the lanes of {index:?} are not evenly apart"));
        first.src(0).element(self.lanes_of(|lane| first.src(1) + first.src(1).like(lane * step)), first.srcs().nth(2))
    }
}

/// Lanes `from..from+count` of a vector; a scalar for one lane.
fn lanes(vector: Uop, from: u16, count: u16) -> Uop {
    let src: Vec<_> = (from..from + count).map(|i| vector.lane(i as u32)).collect();
    let dtype: DType = vector.dtype().element().vec(count);
    if count == 1 { src[0] } else { vector.graph().node(Op::Vectorize, dtype, &src, Arg::None) }
}
