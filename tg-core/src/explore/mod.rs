//! Everything that the compiler did to one function, as data, and as a page that shows it.
//!
//! [`record`] reads it off a plan whose simplifier was traced: the graph after each stage, the rewrites between them, each
//! kernel with its loop nests, instructions and text, and who has which memory when. [`Exploration::page`] is one HTML file
//! that needs nothing else. Nothing here compiles, but for applying the actions of a kernel once more, one by one.

mod about;
mod data;
mod json;
mod nest;
mod page;
mod record;
mod trail;
#[cfg(test)]
mod tests;

pub use data::{Acted, Exploration, Fired, Kernel, Node, Stage, Value};
pub use record::{Made, record};

use crate::compile::{Function, Language, plan_with};
use crate::ir::Graph;
use crate::symbolic::Simplifier;
use crate::target::{Device, Isa};

/// Compiles `function` for `isa` to see how that goes. `graph` holds more nodes afterwards: what is compiled in it later may
/// have its instructions in another order.
pub fn explore<'g>(graph: &'g Graph, function: &Function<'g>, isa: Isa, language: Language) -> Exploration {
    let mut plan = plan_with(graph, function, Device::of(&[isa]), Simplifier::traced());
    let lowered = plan.lower(&[isa]);
    let rendered = plan.spell(&lowered, language);
    let made = Made { lowered: &lowered, rendered: &rendered, level: 0, isa, language };
    record(graph, function, &plan, &made)
}
