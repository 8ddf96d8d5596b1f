//! The driver: rewrites an expression bottom-up until no rule applies anywhere in it.
//!
//! A node is looked at once its sources are final. When a rule replaces it, the replacement is driven
//! to its end in turn, because it may contain new nodes. Results are remembered in the [`Rewriter`], so
//! expressions of one graph that share nodes are simplified one after another at the cost of what is
//! new. An explicit stack takes the place of recursion: depth is no limit.

use std::fmt;
use std::sync::Arc;

use super::rule::RuleSet;
use crate::ir::{Graph, Id, Memo, Uop, pretty};

/// How many rules may fire in a chain, each on the result of the one before or on a node that came
/// from it. Chains are as long as the levels of nested algebra in an expression, some dozens; every
/// infinite rewriting contains an infinite chain.
pub const FUEL: u32 = 1000;

/// How many of the rules that fired last an [`Exhausted`] names.
const NAMED: usize = 8;

/// One firing of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The table the rule is in.
    pub set: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// The node it replaced.
    pub before: Id,
    /// What it put in its place.
    pub after: Id,
}

/// Each side of a step is cut to this many characters where it is described.
const SHOWN: usize = 160;

impl Step {
    /// The rule and what it did to a node of `graph`, on one line: `identity::mul_one: ridx0*1 => ridx0`.
    pub fn describe(&self, graph: &Graph) -> String {
        let side = |id: Id| {
            let whole = pretty(graph.get(id));
            let cut: String = whole.chars().take(SHOWN).collect();
            if cut.len() < whole.len() { cut + "…" } else { whole }
        };
        format!("{}::{}: {} => {}", self.set, self.rule, side(self.before), side(self.after))
    }
}

/// A rewriting did not end: a bug in the rules, which it names.
#[derive(Clone, Debug)]
pub struct Exhausted {
    /// What fired last, oldest first.
    pub last: Vec<Step>,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "internal error: rewriting did not end after a chain of {FUEL} rules; the last were")?;
        for step in &self.last {
            write!(f, " {}::{} (%{} -> %{})", step.set, step.rule, step.before.0, step.after.0)?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {}

enum Task<'g> {
    /// Make everything below the node final, then look at it. The number is the length of the chain.
    Enter(Uop<'g>, u32),
    /// The sources are final.
    Leave(Uop<'g>, u32),
    /// The first node's result is the second's.
    Link(Uop<'g>, Uop<'g>),
}

/// Applies one set of rules to expressions of one graph, remembering results.
pub struct Rewriter<'g> {
    rules: Arc<RuleSet>,
    /// Made with the first node, which knows the graph.
    done: Option<Memo<'g, Uop<'g>>>,
    last: Vec<Step>,
    trace: Option<Vec<Step>>,
}

impl<'g> Rewriter<'g> {
    /// A rewriter that has seen nothing yet.
    pub fn new(rules: Arc<RuleSet>) -> Rewriter<'g> {
        Rewriter { rules, done: None, last: Vec::new(), trace: None }
    }

    /// The same, keeping every step.
    pub fn traced(rules: Arc<RuleSet>) -> Rewriter<'g> {
        Rewriter { trace: Some(Vec::new()), ..Rewriter::new(rules) }
    }

    /// Every step so far, if it is traced.
    pub fn trace(&self) -> &[Step] {
        self.trace.as_deref().unwrap_or(&[])
    }

    /// Forgets results, so that what is rewritten again is traced again.
    pub fn forget(&mut self) {
        self.done = None;
    }

    /// The expression to which no rule applies any more.
    ///
    /// # Errors
    /// If the rules do not come to an end: a bug in them.
    pub fn rewrite(&mut self, root: Uop<'g>) -> Result<Uop<'g>, Exhausted> {
        self.done.get_or_insert_with(|| Memo::new(root.graph()));
        let mut stack = vec![Task::Enter(root, 0)];
        while let Some(task) = stack.pop() {
            match task {
                Task::Enter(node, chain) => self.enter(node, chain, &mut stack),
                Task::Leave(node, chain) => self.leave(node, chain, &mut stack)?,
                Task::Link(node, result) => {
                    let end = self.end(result);
                    self.finish(node, end);
                }
            }
        }
        Ok(self.end(root))
    }

    fn is_done(&self, node: Uop<'g>) -> bool {
        self.done.as_ref().is_some_and(|done| done.contains(node))
    }

    /// The final form of a node that is done.
    fn end(&self, node: Uop<'g>) -> Uop<'g> {
        self.done.as_ref().and_then(|done| done.get(node)).copied().unwrap_or(node)
    }

    fn finish(&mut self, node: Uop<'g>, end: Uop<'g>) {
        if let Some(done) = &mut self.done {
            done.insert(node, end);
        }
    }

    fn enter(&self, node: Uop<'g>, chain: u32, stack: &mut Vec<Task<'g>>) {
        if self.is_done(node) {
            return;
        }
        stack.push(Task::Leave(node, chain));
        stack.extend(node.srcs().filter(|s| !self.is_done(*s)).map(|s| Task::Enter(s, chain)));
    }

    fn leave(&mut self, node: Uop<'g>, chain: u32, stack: &mut Vec<Task<'g>>) -> Result<(), Exhausted> {
        if self.is_done(node) {
            return Ok(());
        }
        let rebuilt = self.over_final_sources(node);
        if self.is_done(rebuilt) {
            let end = self.end(rebuilt);
            self.finish(node, end);
            return Ok(());
        }
        let Some(step) = self.fire(rebuilt) else {
            self.finish(rebuilt, rebuilt);
            self.finish(node, rebuilt);
            return Ok(());
        };
        if chain == FUEL {
            return Err(Exhausted { last: std::mem::take(&mut self.last) });
        }
        stack.extend([Task::Link(node, step), Task::Link(rebuilt, step), Task::Enter(step, chain + 1)]);
        Ok(())
    }

    fn over_final_sources(&self, node: Uop<'g>) -> Uop<'g> {
        if node.srcs().all(|s| self.end(s) == s) {
            return node;
        }
        let src: Vec<Uop<'g>> = node.srcs().map(|s| self.end(s)).collect();
        node.with_srcs(&src)
    }

    fn fire(&mut self, node: Uop<'g>) -> Option<Uop<'g>> {
        let (rule, result) = self.rules.apply(node)?;
        let step = Step { set: rule.set, rule: rule.name, before: node.id(), after: result.id() };
        if self.last.len() == NAMED {
            self.last.remove(0);
        }
        self.last.push(step);
        if let Some(trace) = &mut self.trace {
            trace.push(step);
        }
        Some(result)
    }
}
