//! Before: Grid and Thread ranges. After: none; their counters are digits of the numbers of the block and of the thread.
//!
//! A reduction over threads is a shuffle for each bit of its counters within a warp, and shared memory for those above:
//! the threads in which the lower bits are 0 store what their warp has, and all threads load and combine it, in the same
//! order. What is stored over fewer loops than there are is stored by the threads, and blocks, whose other digits are 0.

use std::cell::Cell;

use super::is_thread;
use crate::ir::{Arg, Axis, Memo, Op, Special, Uop};
use crate::loops::{Digits, closes, field};
use crate::lower::unroll::pairwise;
use crate::symbolic::Simplifier;

/// The bits of a thread's number within its warp.
const WARP: u32 = 31;

pub fn threads<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let digits = Digits::of(kernel);
    let graph = kernel.graph();
    let blocks = digits.grid().iter().fold(graph.index(1), |product, range| product * range.src(0));
    let pass = Threads {
        block: graph.special(simplifier.simplify(blocks), Special::Block),
        thread: graph.special(graph.index(digits.threads().into()), Special::Thread),
        shared: Cell::new(kernel.toposort().into_iter().filter(|n| n.op() == Op::DefineLocal).count() as u32),
        digits,
    };
    let mut done = Memo::new(graph);
    for node in kernel.toposort() {
        let src: Vec<_> = node.srcs().map(|s| done[s]).collect();
        done.insert(node, pass.counter(node).unwrap_or_else(|| pass.mapped(node, &src)));
    }
    simplifier.simplify(done[kernel])
}

struct Threads<'g> {
    block: Uop<'g>,
    thread: Uop<'g>,
    digits: Digits<'g>,
    /// How many pieces of shared memory there are.
    shared: Cell<u32>,
}

impl<'g> Threads<'g> {
    /// The counter of `range`, if it runs over blocks or threads.
    fn counter(&self, range: Uop<'g>) -> Option<Uop<'g>> {
        match range.arg() {
            Arg::Range(_, Axis::Thread(_)) => Some(field(self.thread, self.digits.mask(range))),
            Arg::Range(_, Axis::Grid) => {
                let inside = self.digits.grid().iter().skip_while(|r| **r != range).skip(1);
                let step = inside.fold(range.like(1i64), |product, r| product * r.src(0));
                Some(self.block / step % range.src(0))
            }
            _ => None,
        }
    }

    /// `node` over the sources `src`, which are mapped already.
    fn mapped(&self, node: Uop<'g>, src: &[Uop<'g>]) -> Uop<'g> {
        let Some(fixed) = closes(node) else { return node.with_srcs(src) };
        let own = node.srcs().zip(src).skip(fixed).filter(|(range, _)| !is_thread(range) && !is_grid(*range));
        let ranges: Vec<_> = own.map(|(_, mapped)| *mapped).collect();
        let bits = node.srcs().skip(fixed).fold(0, |bits, range| bits | self.digits.mask(range));
        match (node.op(), node.arg()) {
            (Op::Reduce, Arg::Op(op)) if bits != 0 => self.combined(src[0].reduce(*op, &ranges), *op, bits),
            (Op::Reduce, Arg::Op(op)) => src[0].reduce(*op, &ranges),
            _ => node.with_srcs(&[&[self.once(node, src[0]), src[1]], &ranges[..]].concat()),
        }
    }

    /// The address `index` of `store`, for those threads and blocks of the many that would store the same.
    fn once(&self, store: Uop<'g>, index: Uop<'g>) -> Uop<'g> {
        let over: Vec<_> = store.srcs().skip(2).chain(store.ranges()).collect();
        let used = over.iter().fold(0, |bits, range| bits | self.digits.mask(*range));
        let is_local = store.src(0).src(0).op() == Op::DefineLocal;
        let blocks =
            self.digits.grid().iter().filter(|r| !is_local && !over.contains(r)).filter_map(|r| self.counter(*r));
        let rest = (self.digits.threads() - 1) & !used;
        let threads = (rest != 0).then(|| field(self.thread, rest));
        let valid = index.srcs().nth(2);
        let all = valid.into_iter().chain(blocks.chain(threads).map(|digit| digit.lt(1i64)));
        match all.reduce(|a, b| a & b) {
            Some(valid) => index.src(0).element(index.src(1), Some(valid)),
            None => index,
        }
    }

    /// What all threads that differ in `bits` have as `value`, combined.
    fn combined(&self, value: Uop<'g>, op: Op, bits: u32) -> Uop<'g> {
        let within = (0..5).map(|bit| bits & (1 << bit)).filter(|bit| *bit != 0);
        let value = within.fold(value, |sum, bit| {
            let other = sum.graph().node(Op::Shuffle, sum.dtype(), &[sum], Arg::Slot(bit));
            sum.alu(op, &[other])
        });
        if bits & !WARP == 0 { value } else { self.across(value, op, bits) }
    }

    /// [`Threads::combined`] of what warps have.
    fn across(&self, value: Uop<'g>, op: Op, bits: u32) -> Uop<'g> {
        let all = self.digits.threads() - 1;
        let (kept, combined) = (all & !bits, bits & !WARP);
        let (results, parts) = (1i64 << kept.count_ones(), 1i64 << combined.count_ones());
        let number = self.shared.replace(self.shared.get() + 1);
        // Each lane has a sum of its own.
        let lanes: Vec<_> = value.ranges().filter(|r| matches!(r.arg(), Arg::Range(_, Axis::Lane))).collect();
        let width: i64 = lanes.iter().map(|lane| lane.src(0).vmax() as i64).product();
        let lane = lanes.iter().fold(self.thread.like(0i64), |all, lane| all * lane.src(0) + *lane);
        let memory = value.graph().local(value.dtype(), number, (results * parts * width) as u32);
        // Neighbouring threads store, and load, neighbouring elements.
        let own = field(self.thread, kept);
        let first = (bits & WARP != 0).then(|| field(self.thread, bits & WARP).lt(1i64));
        let place = (field(self.thread, combined) * results + own) * width + lane;
        let after = memory.after(memory.element(place, first).store(value, &lanes));
        let part = |part: i64| after.element((own + part * results) * width + lane, None).load();
        pairwise((0..parts).map(part).collect(), op)
    }
}

fn is_grid(range: Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Grid))
}
