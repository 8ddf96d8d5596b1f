//! Before: an iteration of a loop with copies that run ahead waits for its tiles, and loads the factors of its first products,
//! before it multiplies anything. After: all that stands before the last products of the iteration before, which hide how
//! long it takes; the factors are carried from iteration to iteration in registers.
//!
//! The last iteration has none after it, and loads from its own tiles once more.

use rustc_hash::FxHashSet;

use super::matrix::loaded;
use crate::dtype::{DType, Space};
use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::lower::Linear;
use crate::symbolic::Simplifier;

pub fn rotate<'g>(linear: Linear<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let mut list = linear.0;
    let mut from = 0;
    while let Some(at) = list[from..].iter().position(|n| n.op() == Op::Wait).map(|at| from + at) {
        from = at + 1;
        if let Some(found) = Loop::around(&list, at) {
            // The loop comes after what was put in front of it.
            let (rotated, end) = found.rotated(simplifier);
            (list, from) = (rotated, end);
        }
    }
    Linear(list)
}

/// A loop that can be rotated.
struct Loop<'g, 'a> {
    list: &'a [Uop<'g>],
    /// Where the loop begins and ends.
    begin: usize,
    end: usize,
    /// The factors of the first products, not rounded yet.
    factors: Vec<Uop<'g>>,
}

impl<'g, 'a> Loop<'g, 'a> {
    /// The loop whose first instruction is the WAIT `at`.
    fn around(list: &'a [Uop<'g>], at: usize) -> Option<Loop<'g, 'a>> {
        let begin = at.checked_sub(1).filter(|begin| list[*begin].op() == Op::Range)?;
        let is_bound = |n: &Uop<'g>| matches!(n.op(), Op::Range | Op::Endrange);
        let end = at + list[at..].iter().position(is_bound)?;
        let commit = at + list[at..end].iter().position(|n| n.op() == Op::Commit)?;
        let is_first = |n: &&Uop<'g>| n.op() == Op::Wmma && n.src(2).op() == Op::DefineAcc;
        let mut seen = FxHashSet::default();
        let firsts = list[at..commit].iter().filter(is_first).flat_map(|n| [n.src(0), n.src(1)].map(loaded));
        let factors: Vec<_> = firsts.filter(|factor| seen.insert(*factor)).collect();
        let is_last = |n: &Uop<'g>| matches!(n.op(), Op::Wmma | Op::RoundTf32 | Op::UpdateAcc);
        let has_products = list[commit + 1..end].iter().any(|n| n.op() == Op::Wmma);
        let can_move = list[begin].src(0).vmin() > 0
            && list[end].op() == Op::Endrange
            && list[at + 1].op() == Op::Barrier
            && list[commit + 1..end].iter().all(is_last)
            && factors.iter().all(|factor| is_from_tiles(*factor));
        (can_move && has_products && !factors.is_empty()).then_some(Loop { list, begin, end, factors })
    }

    /// The rotated list, and where the loop ends in it.
    fn rotated(&self, simplifier: &mut Simplifier<'g>) -> (Vec<Uop<'g>>, usize) {
        let (before, range) = (&self.list[..self.begin], self.list[self.begin]);
        let mut out = Out { list: before.to_vec(), defined: before.iter().copied().collect() };
        out.again(self.wait());
        let registers = self.registers(&self.loaded_at(range.like(0i64), simplifier));
        registers.iter().for_each(|register| out.put(*register));
        out.put(range);
        let body = self.needed(&registers);
        let (first, last) = body.split_at(body.iter().position(|n| n.op() == Op::Commit).map_or(0, |at| at + 1));
        out.again(first);
        out.again(self.wait());
        let next = (range + 1i64).lt(range.src(0)).choose(range + 1i64, range);
        let factors = self.loaded_at(next, simplifier);
        factors.iter().for_each(|factor| out.put(*factor));
        out.again(last);
        for (register, factor) in registers.iter().zip(factors) {
            out.put(range.graph().node(Op::UpdateAcc, DType::VOID, &[*register, factor], Arg::None));
        }
        let end = out.list.len();
        out.list.extend(&self.list[self.end..]);
        (out.list, end)
    }

    /// The wait for the tiles of an iteration, and for all threads.
    fn wait(&self) -> &'a [Uop<'g>] {
        &self.list[self.begin + 1..self.begin + 3]
    }

    /// The factors as they are in the iteration `at`.
    fn loaded_at(&self, at: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Vec<Uop<'g>> {
        let range = self.list[self.begin];
        self.factors.iter().map(|factor| self::at(*factor, range, at, simplifier)).collect()
    }

    /// A register for each factor, which begins as one of `starts`.
    fn registers(&self, starts: &[Uop<'g>]) -> Vec<Uop<'g>> {
        let slots = self.list.iter().filter(|n| n.op() == Op::DefineAcc).count() as u32;
        let register = |(start, slot): (&Uop<'g>, u32)| {
            start.graph().node(Op::DefineAcc, start.dtype(), &[*start], Arg::Slot(slot))
        };
        starts.iter().zip(slots..).map(register).collect()
    }

    /// The instructions of the loop with factors in `registers`, without the wait for them and what only they need.
    fn needed(&self, registers: &[Uop<'g>]) -> Vec<Uop<'g>> {
        let mut carried = Memo::new(self.list[self.begin].graph());
        for (factor, register) in self.factors.iter().zip(registers) {
            carried.insert(*factor, *register);
        }
        let body = self.list[self.begin + 3..self.end].iter().map(|n| rebuild(*n, &mut carried, |n| n));
        let body: Vec<_> = body.collect();
        let mut needed: FxHashSet<Uop<'g>> = FxHashSet::default();
        for &node in body.iter().rev() {
            if needed.contains(&node) || matches!(node.op(), Op::Store | Op::UpdateAcc | Op::Commit) {
                needed.insert(node);
                needed.extend(node.srcs());
            }
        }
        body.into_iter().filter(|n| needed.contains(n)).collect()
    }
}

/// Whether `factor` is loaded from shared memory, and nothing else.
fn is_from_tiles(factor: Uop) -> bool {
    match factor.op() {
        Op::Load | Op::LoadMatrix => factor.src(0).dtype().space == Some(Space::Local) && factor.src(0).arity() == 2,
        Op::Gep | Op::Vectorize | Op::Cast | Op::Bitcast => factor.srcs().all(is_from_tiles),
        _ => false,
    }
}

/// `factor` as it is in the iteration `at` of `range`.
fn at<'g>(factor: Uop<'g>, range: Uop<'g>, at: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    if !matches!(factor.op(), Op::Load | Op::LoadMatrix) {
        let src: Vec<_> = factor.srcs().map(|s| self::at(s, range, at, simplifier)).collect();
        return factor.with_srcs(&src);
    }
    let index = factor.src(0);
    let place = simplifier.simplify(index.src(1).substitute(&[(range, at)]));
    factor.with_srcs(&[index.src(0).element(place, None)])
}

/// A list that is written.
struct Out<'g> {
    list: Vec<Uop<'g>>,
    /// What is in it.
    defined: FxHashSet<Uop<'g>>,
}

impl<'g> Out<'g> {
    /// `node`, after what it needs and the list does not have.
    fn put(&mut self, node: Uop<'g>) {
        if self.defined.insert(node) {
            let carried = if matches!(node.op(), Op::After) { 1 } else { node.arity() };
            node.srcs().take(carried).for_each(|s| self.put(s));
            self.list.push(node);
        }
    }

    /// `nodes`, of which those that only order others may be in the list.
    fn again(&mut self, nodes: &[Uop<'g>]) {
        for &node in nodes {
            let orders = matches!(node.op(), Op::Barrier | Op::Commit | Op::Wait);
            if self.defined.insert(node) || orders {
                self.list.push(node);
            }
        }
    }
}
