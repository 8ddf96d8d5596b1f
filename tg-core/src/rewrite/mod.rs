//! Rewriting by rules: patterns, tables of named rules, and the driver that applies them.
//!
//! A rule is data: a pattern, a plain function from what the pattern found to the replacement, and
//! notes. Because the left side is data, one property test covers every rule. Sets of rules compose by
//! value (`identity() + division()`).
//!
//! Invariant: nothing in this module knows a single rule; those are in [`crate::symbolic`] and in the
//! passes that own them.

mod driver;
mod pattern;
mod rule;
#[cfg(test)]
mod tests;

pub use driver::{Exhausted, FUEL, Rewriter, Step};
pub use pattern::{Class, Found, Hole, MAX_HOLES, Ops, Pat, Pattern, any, konst, node, nodes};
pub use rule::{Note, Rule, RuleSet};
