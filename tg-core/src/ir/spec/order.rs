//! Rules about a list as a whole: what comes before what, how loops nest, which numbers are taken.

use rustc_hash::FxHashMap;

use super::{Stage, Violation};
use crate::ir::{Arg, Id, Op, Uop};

/// The order rules that `list` breaks.
pub(super) fn check(stage: Stage, list: &[Uop]) -> Vec<Violation> {
    let mut walk = Walk::default();
    for (line, &node) in list.iter().enumerate() {
        walk.number(line, node);
        if stage == Stage::Linear {
            walk.instruction(line, node);
        }
    }
    for (line, range) in std::mem::take(&mut walk.open) {
        walk.report(line, range, "loop_ends", "no ENDRANGE ends this loop".into());
    }
    walk.broken
}

#[derive(Default)]
struct Walk<'g> {
    /// Who has a number.
    numbers: FxHashMap<(Op, u32), Uop<'g>>,
    /// The loops around the present line, outermost first, with the lines they begin at.
    open: Vec<(usize, Uop<'g>)>,
    /// The loops around each instruction so far.
    defined: FxHashMap<Id, Vec<Id>>,
    broken: Vec<Violation>,
}

/// How many sources carry values; the others say only what belongs together or comes first.
fn carried(node: Uop) -> usize {
    match node.op() {
        Op::DefineAcc | Op::After => 1,
        Op::Store => 2,
        Op::Endrange => 0,
        _ => node.arity(),
    }
}

impl<'g> Walk<'g> {
    fn report(&mut self, line: usize, node: Uop, rule: &'static str, message: String) {
        self.broken.push(Violation { node: node.id(), line, rule, message });
    }

    fn number(&mut self, line: usize, node: Uop<'g>) {
        let number = match (node.op(), node.arg()) {
            (Op::DefineAcc | Op::DefineGlobal, Arg::Slot(n)) => *n,
            (_, Arg::Buffer(n, _) | Arg::Range(n, _) | Arg::Local(n, ..)) => *n,
            _ => return,
        };
        let owner = *self.numbers.entry((node.op(), number)).or_insert(node);
        if owner != node {
            self.report(line, node, "number_unique", format!("number {number} is also that of another {}", node.op()));
        }
    }

    fn instruction(&mut self, line: usize, node: Uop<'g>) {
        self.sources(line, node);
        let repeats = matches!(node.op(), Op::Barrier | Op::Commit | Op::Wait | Op::Settle);
        if self.defined.contains_key(&node.id()) && !repeats {
            self.report(line, node, "listed_once", "it is on an earlier line already".into());
        }
        match node.op() {
            Op::Endrange => self.end(line, node),
            Op::UpdateAcc => self.update(line, node),
            _ => {}
        }
        self.defined.insert(node.id(), self.open.iter().map(|(_, r)| r.id()).collect());
        if node.op() == Op::Range {
            self.open.push((line, node));
            self.defined.entry(node.id()).or_default().push(node.id());
        }
    }

    fn sources(&mut self, line: usize, node: Uop<'g>) {
        let open: Vec<Id> = self.open.iter().map(|(_, r)| r.id()).collect();
        for (i, s) in node.srcs().enumerate().take(carried(node)) {
            match self.defined.get(&s.id()) {
                None => {
                    let message = format!("source {i}, {s:?}, is on no earlier line");
                    self.report(line, node, "defined_before_use", message);
                }
                Some(loops) if !open.starts_with(loops) => {
                    let message = format!("source {i}, {s:?}, belongs to a loop that has ended");
                    self.report(line, node, "in_scope", message);
                }
                Some(_) => {}
            }
        }
    }

    fn end(&mut self, line: usize, node: Uop<'g>) {
        let Some(range) = node.srcs().next() else { return };
        match self.open.iter().rposition(|(_, r)| *r == range) {
            Some(at) if at + 1 == self.open.len() => drop(self.open.pop()),
            Some(at) => {
                let inner = self.open[self.open.len() - 1].1;
                self.report(line, node, "loops_nest", format!("the loop {inner:?} inside this one has not ended"));
                self.open.remove(at);
            }
            None => self.report(line, node, "loops_nest", "the loop it ends is not open".into()),
        }
    }

    /// The loops a register accumulates over begin after it: else every round would start it again.
    fn update(&mut self, line: usize, node: Uop<'g>) {
        let Some(loops) = node.srcs().next().and_then(|acc| self.defined.get(&acc.id())) else { return };
        if loops.len() >= self.open.len() {
            let message = "no loop begins between the register and its update".into();
            self.report(line, node, "accumulator_first", message);
        }
    }
}
