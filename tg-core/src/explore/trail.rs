//! The part of a trace that is shown: some stages, the rewrites in each, and the nodes of both, numbered anew.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::data::{Fired, Node, Stage};
use super::nest::loops;
use crate::ir::{Graph, Id, Uop, text, toposort};
use crate::rewrite::{Rule, Step};
use crate::symbolic::{Mark, rules};

/// Most rewrites of one stage that are kept. The first ones show what happens; a large function has some hundred thousand.
const MOST_STEPS: usize = 2000;

/// Stages whose loops can be read as pseudo code, because nothing has been written out yet.
const WITH_LOOPS: &[&str] = &["loops", "merge", "actions"];

/// Stages whose nodes are instructions.
const LISTS: &[&str] = &["linearize", "order", "rotate"];

/// A trace, with what has been read off it so far.
pub(super) struct Trail<'g, 'p> {
    graph: &'g Graph,
    marks: &'p [Mark],
    steps: &'p [Step],
    /// The new number of each node.
    numbers: FxHashMap<Id, u32>,
    /// The nodes in the order of their numbers.
    pub(super) nodes: Vec<Node>,
    /// The rules that fired.
    pub(super) rules: Vec<Rule>,
    /// Where they did.
    pub(super) fired: Vec<Fired>,
}

impl<'g, 'p> Trail<'g, 'p> {
    /// A trail of the stages `shown`, which are numbers of marks, and of `others`.
    pub(super) fn new(
        graph: &'g Graph,
        (marks, steps): (&'p [Mark], &'p [Step]),
        shown: impl Iterator<Item = usize>,
        others: impl Iterator<Item = Uop<'g>>,
    ) -> Trail<'g, 'p> {
        let (numbers, nodes, rules, fired) = (FxHashMap::default(), vec![], vec![], vec![]);
        let mut trail = Trail { graph, marks, steps, numbers, nodes, rules, fired };
        let mut roots: Vec<Uop> = others.collect();
        for mark in shown {
            roots.extend(marks[mark].nodes.iter().map(|id| graph.get(*id)));
            roots
                .extend(trail.steps_of(mark).iter().flat_map(|step| [step.before, step.after]).map(|id| graph.get(id)));
        }
        let all = toposort(&roots);
        trail.numbers = (0..).zip(&all).map(|(number, node)| (node.id(), number)).collect();
        trail.nodes = all.into_iter().map(|node| trail.plain(node)).collect();
        trail
    }

    /// The new number of `node`.
    pub(super) fn number(&self, node: Uop) -> u32 {
        self.numbers[&node.id()]
    }

    /// The rewrites between the mark before and this one, as far as they are kept.
    fn steps_of(&self, mark: usize) -> &'p [Step] {
        let all = self.all_steps_of(mark);
        &self.steps[all.start..all.end.min(all.start + MOST_STEPS)]
    }

    fn all_steps_of(&self, mark: usize) -> Range<usize> {
        let begin = mark.checked_sub(1).map_or(0, |before| self.marks[before].steps);
        begin..self.marks[mark].steps
    }

    fn plain(&self, node: Uop) -> Node {
        let shape = node.try_shape().filter(|shape| !shape.is_empty());
        Node {
            op: node.op(),
            dtype: node.dtype(),
            src: node.src_ids().iter().map(|id| self.numbers[id]).collect(),
            arg: text::arg(node.arg()).unwrap_or_default(),
            shape: shape.map(text::dims).unwrap_or_default(),
        }
    }

    /// The stages `marks`, in which pointers are named `pointers`.
    pub(super) fn stages(&mut self, marks: Range<usize>, pointers: &[String]) -> Vec<Stage> {
        marks.map(|mark| self.stage(mark, pointers)).collect()
    }

    fn stage(&mut self, number: usize, pointers: &[String]) -> Stage {
        let mark = &self.marks[number];
        let begin = self.fired.len();
        for step in self.steps_of(number) {
            let (before, after) = (self.numbers[&step.before], self.numbers[&step.after]);
            let rule = self.rule(step);
            self.fired.push(Fired { rule, before, after });
        }
        let steps = begin..self.fired.len();
        Stage {
            name: mark.stage,
            nodes: mark.nodes.iter().map(|id| self.numbers[id]).collect(),
            labels: vec![],
            is_list: LISTS.contains(&mark.stage),
            omitted: self.all_steps_of(number).len() - steps.len(),
            steps,
            pointers: pointers.to_vec(),
            loops: match mark.nodes[..] {
                [root] if WITH_LOOPS.contains(&mark.stage) => loops(self.graph.get(root), pointers),
                _ => String::new(),
            },
        }
    }

    /// The number of the rule that `step` fired.
    fn rule(&mut self, step: &Step) -> u32 {
        let is_it = |rule: &Rule| rule.set == step.set && rule.name == step.rule;
        let known = self.rules.iter().position(is_it);
        let number = known.unwrap_or_else(|| {
            self.rules.extend(rules().rules().iter().find(|rule| is_it(rule)).cloned());
            self.rules.len() - 1
        });
        number as u32
    }
}
