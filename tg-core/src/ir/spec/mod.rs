//! What may stand in a graph at each stage: tables of rules, and the verifier that applies them.
//!
//! A rule of the tables in `rules` looks at one node and its sources; the rules of `order` look at a whole
//! list. [`verify`] reports everything that is broken at once, on the printed text. Nothing here repairs
//! anything, and a graph that passes may still compute the wrong thing: that is for [`crate::interpret`].

mod order;
mod rules;

use std::fmt;

use crate::ir::text::lines;
use crate::ir::{Id, Uop, toposort};

/// How far a program has come on its way from tensors to instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Operations on whole tensors, as traced.
    Tensor,
    /// One scheduled kernel: as before, with every movement a VIEW and no scheduling markers left.
    Kernel,
    /// Stores over ranges: memory, index arithmetic, reductions as loops.
    Loops,
    /// Instructions in order.
    Linear,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Tensor => "tensor",
            Stage::Kernel => "kernel",
            Stage::Loops => "loops",
            Stage::Linear => "linear",
        })
    }
}

/// One row of a spec: what must hold for the nodes it is about.
struct Rule {
    /// Its name in messages and tests.
    name: &'static str,
    /// The ops it is about.
    about: fn(crate::ir::Op) -> bool,
    /// Whether it holds; the number of sources is right already.
    holds: fn(Uop) -> bool,
    /// What should be.
    message: &'static str,
}

/// A rule that a node breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The node.
    pub node: Id,
    /// Its line in [`Violations::text`] before marking, from 0.
    pub line: usize,
    /// The name of the rule.
    pub rule: &'static str,
    /// What should be, and what is.
    pub message: String,
}

/// Everything that is wrong with a graph or list; displays as its text with the broken lines marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations {
    /// The spec that was applied.
    pub stage: Stage,
    /// What is broken, by line.
    pub broken: Vec<Violation>,
    /// The text form, one node a line.
    pub text: Vec<String>,
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {} violation(s) of the {} spec", self.broken.len(), self.stage)?;
        for (i, line) in self.text.iter().enumerate() {
            writeln!(f, "{line}")?;
            for v in self.broken.iter().filter(|v| v.line == i) {
                // A variable's name may hold anything; the mark is one line all the same.
                writeln!(f, "#  ^ {}: {}", v.rule, v.message.replace('\n', " "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Checks `nodes` against the spec of `stage`: at [`Stage::Linear`] they are the instructions, in order,
/// at all others the roots of a graph.
///
/// # Errors
/// All violations of the spec, if there are any.
pub fn verify(stage: Stage, nodes: &[Uop]) -> Result<(), Violations> {
    let list = if stage == Stage::Linear { nodes.to_vec() } else { toposort(nodes) };
    let mut broken: Vec<Violation> = list.iter().enumerate().flat_map(|(line, n)| check(stage, line, *n)).collect();
    broken.extend(order::check(stage, &list));
    broken.sort_by_key(|v| v.line);
    if broken.is_empty() { Ok(()) } else { Err(Violations { stage, broken, text: lines(&list) }) }
}

/// The rules that `node` breaks. A node that may not be there, or without the right sources, breaks that
/// rule and is not looked at further.
fn check(stage: Stage, line: usize, node: Uop) -> Vec<Violation> {
    let violation = |rule, message| Violation { node: node.id(), line, rule, message };
    if !rules::is_allowed(stage, node.op()) {
        return vec![violation("allowed_op", format!("{} does not belong to this stage", node.op()))];
    }
    let (least, most) = rules::arity(node.op());
    if node.arity() < least || node.arity() > most {
        let count = if least == most { format!("{least}") } else { format!("at least {least}, at most {most}") };
        return vec![violation("arity", format!("takes {count} source(s), not {}", node.arity()))];
    }
    let apply = |rule: &&Rule| (rule.about)(node.op()) && !(rule.holds)(node);
    let broken = rules::of(stage).iter().flat_map(|table| table.iter()).filter(apply);
    broken.map(|rule| violation(rule.name, format!("{} ({})", rule.message, facts(node)))).collect()
}

/// What a message tells about a node: the types and shapes of its sources and its own.
fn facts(node: Uop) -> String {
    let fact = |n: Uop| match n.try_shape() {
        Some([]) => format!("{}", n.dtype()),
        Some(shape) => format!("{} {shape:?}", n.dtype()),
        None => format!("{} of no shape", n.dtype()),
    };
    let src: Vec<String> = node.srcs().map(fact).collect();
    let src = if src.is_empty() { "no sources".into() } else { format!("sources: {}", src.join(", ")) };
    format!("{src}; result: {}", fact(node))
}

#[cfg(test)]
mod tests;
