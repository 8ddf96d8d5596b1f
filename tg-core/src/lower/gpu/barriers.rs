//! Before: instructions that use shared memory as if threads ran one after the other. After: a BARRIER wherever what one
//! thread has written is read by others, or what others may still read is written again.
//!
//! Pieces of shared memory are told apart by their numbers. A hazard that only a second iteration of a loop has counts
//! like any other. A barrier stands before a loop rather than in it, where that is enough. Memory that copies running ahead
//! go to has its barriers already.

use std::collections::{BTreeMap, BTreeSet};

use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop};
use crate::lower::Linear;

pub fn barriers<'g>(linear: Linear<'g>) -> Linear<'g> {
    let ahead = linear.0.iter().filter(|n| matches!(n.arg(), Arg::Ahead(_))).flat_map(|n| used(*n));
    let ahead = ahead.map(|(number, _)| number).collect();
    let mut pass = Barriers { list: &linear.0, out: Vec::new(), ahead };
    pass.block(0..linear.0.len(), State::default());
    Linear(pass.out)
}

/// What has happened to each piece of shared memory since the last barrier: whether it was written, and whether read.
type State = BTreeMap<u32, (bool, bool)>;

struct Barriers<'g, 'a> {
    list: &'a [Uop<'g>],
    out: Vec<Uop<'g>>,
    /// Memory that copies running ahead go to.
    ahead: BTreeSet<u32>,
}

/// A piece of shared memory, and whether it is written.
type Access = (u32, bool);

/// The shared memory that an instruction uses.
fn used<'g>(node: Uop<'g>) -> impl Iterator<Item = Access> + use<'g> {
    let addresses = match node.op() {
        Op::Load | Op::Store | Op::LoadMatrix => 1,
        Op::Wgmma => 2,
        _ => 0,
    };
    let number = |address: Uop| match super::root(address).arg() {
        Arg::Local(number, ..) => Some(*number),
        _ => None,
    };
    node.srcs().take(addresses).filter_map(number).map(move |number| (number, node.op() == Op::Store))
}

/// Whether using the memory, for writing or not, has to wait for others.
fn is_hazard(state: &State, (number, writes): Access) -> bool {
    state.get(&number).is_some_and(|(written, read)| if writes { *read } else { *written })
}

impl<'g> Barriers<'g, '_> {
    /// Emits the instructions `range` of the list; returns the state after them.
    fn block(&mut self, range: std::ops::Range<usize>, mut state: State) -> State {
        let mut at = range.start;
        while at < range.end {
            let node = self.list[at];
            if node.op() != Op::Range {
                for access in self.ordered(node).collect::<Vec<_>>() {
                    self.wait(&mut state, &[access]);
                    let (written, read) = state.entry(access.0).or_default();
                    if access.1 { *written = true } else { *read = true }
                }
                if node.op() == Op::Barrier {
                    state.clear();
                }
                self.out.push(node);
                at += 1;
                continue;
            }
            let end = self.end(at);
            state = self.repeated(at + 1..end, state, node);
            self.out.push(self.list[end]);
            at = end + 1;
        }
        state
    }

    /// Emits a loop but for its end. The state it begins with is that before it or that at its own end.
    fn repeated(&mut self, body: std::ops::Range<usize>, mut state: State, head: Uop<'g>) -> State {
        let accesses: Vec<_> = self.list[body.clone()].iter().flat_map(|n| self.ordered(*n)).collect();
        self.wait(&mut state, &accesses);
        self.out.push(head);
        let emitted = self.out.len();
        for (number, (written, read)) in self.block(body.clone(), state.clone()) {
            let entry = state.entry(number).or_default();
            *entry = (entry.0 || written, entry.1 || read);
        }
        self.out.truncate(emitted);
        self.block(body, state)
    }

    /// What `node` uses of the memory that is ordered here.
    fn ordered(&self, node: Uop<'g>) -> impl Iterator<Item = Access> {
        used(node).filter(|(number, _)| !self.ahead.contains(number))
    }

    /// A barrier, if one of `accesses` has to wait.
    fn wait(&mut self, state: &mut State, accesses: &[Access]) {
        if accesses.iter().any(|access| is_hazard(state, *access)) {
            let graph = self.list[0].graph();
            self.out.push(graph.node(Op::Barrier, DType::VOID, &[], Arg::None));
            state.clear();
        }
    }

    /// Where the loop that begins at `at` ends.
    fn end(&self, at: usize) -> usize {
        let is_end = |n: &Uop<'g>| n.op() == Op::Endrange && n.src(0) == self.list[at];
        let found = self.list[at..].iter().position(is_end);
        at + found.unwrap_or_else(|| panic!("barriers: {:?} does not end", self.list[at]))
    }
}
