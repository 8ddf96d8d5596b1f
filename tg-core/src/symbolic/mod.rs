//! Simplification: constant folding, identities, index algebra, comparisons, validity, reductions.
//!
//! The canonical form puts constants on the right; index expressions are sums of products, sorted, with
//! constants last. Everything here is a rule of [`crate::rewrite`], sound for every value of the
//! variables: on `index` because it never overflows and its division floors, on other integers under
//! wrapping, on floats under IEEE-754 except where a row says why not.

mod comparison;
mod division;
mod fold;
mod identity;
mod linear;
mod prove;
mod reduction;
mod validity;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

pub use self::linear::{Sum, Term};
pub use self::validity::{clauses, known_bounds};
use crate::ir::{Id, Uop};
use crate::rewrite::{Exhausted, Rewriter, RuleSet, Step};

/// All rules of this module, in order of precedence.
pub fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    RULES
        .get_or_init(|| {
            Arc::new(
                fold::fold()
                    + identity::identity()
                    + division::division()
                    + comparison::comparison()
                    + validity::validity()
                    + reduction::reduction(),
            )
        })
        .clone()
}

/// The simplest form of `root` that the rules know.
pub fn simplify(root: Uop<'_>) -> Uop<'_> {
    Simplifier::new().simplify(root)
}

/// How often an expression is simplified under a condition: each time takes a division or comparison away, and more
/// than a few are never nested.
const MAX_ROUNDS: usize = 8;

/// Simplifies many expressions of one graph, remembering what it has seen.
pub struct Simplifier<'g> {
    rewriter: Rewriter<'g>,
    /// Kept if it is traced.
    marks: Option<Vec<Mark>>,
}

/// A place in a trace: where a stage of the compiler ended, and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The stage.
    pub stage: &'static str,
    /// What it left: roots, or instructions in order.
    pub nodes: Vec<Id>,
    /// How many steps there were by then.
    pub steps: usize,
}

impl Default for Simplifier<'_> {
    fn default() -> Self {
        Simplifier { rewriter: Rewriter::new(rules()), marks: None }
    }
}

impl<'g> Simplifier<'g> {
    /// A simplifier that has seen nothing yet.
    pub fn new() -> Simplifier<'g> {
        Simplifier::default()
    }

    /// The same, keeping every step.
    pub fn traced() -> Simplifier<'g> {
        Simplifier { rewriter: Rewriter::traced(rules()), marks: Some(Vec::new()) }
    }

    /// The simplest form of `root` that the rules know. Should the rules not come to an end, which is a
    /// bug, `root` itself: it is equal by definition.
    pub fn simplify(&mut self, root: Uop<'g>) -> Uop<'g> {
        self.try_simplify(root).unwrap_or(root)
    }

    /// The simplest form of `root` where `condition` holds; elsewhere the result is any value.
    pub fn simplify_where(&mut self, condition: Uop<'g>, root: Uop<'g>) -> Uop<'g> {
        let mut root = self.simplify(root);
        for _ in 0..MAX_ROUNDS {
            let Some(simpler) = validity::known_in(condition, true, root) else { break };
            root = self.simplify(simpler);
        }
        root
    }

    /// As `simplify`, reporting rules that do not come to an end.
    ///
    /// # Errors
    /// [`Exhausted`] names the rules.
    pub fn try_simplify(&mut self, root: Uop<'g>) -> Result<Uop<'g>, Exhausted> {
        self.rewriter.rewrite(root)
    }

    /// Every step so far, if it is traced.
    pub fn trace(&self) -> &[Step] {
        self.rewriter.trace()
    }

    /// Notes, if it is traced, that `stage` ends here and leaves `nodes`. What the next stage simplifies is traced although
    /// this one has simplified the same.
    pub fn mark(&mut self, stage: &'static str, nodes: &[Uop<'g>]) {
        let steps = self.trace().len();
        if let Some(marks) = &mut self.marks {
            marks.push(Mark { stage, nodes: nodes.iter().map(|node| node.id()).collect(), steps });
            self.rewriter.forget();
        }
    }

    /// Every mark so far, if it is traced.
    pub fn marks(&self) -> &[Mark] {
        self.marks.as_deref().unwrap_or(&[])
    }
}
