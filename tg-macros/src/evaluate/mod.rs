//! The evaluator: runs the body of a tensor function at compile time; what remains is a graph.
//!
//! Numbers, tuples and structs are values; tensors are nodes of the graph. An error is reported where it is found, and
//! its expression becomes [`Value::Poison`], so that one run finds every independent error and no consequences of them.
//!
//! The evaluator always ends: functions do not recurse, loops run over values known at compile time, and both are
//! bounded by [`MAX_DEPTH`], [`MAX_NESTING`] and [`MAX_ITERATIONS`].

mod block;
mod call;
mod closure;
mod control;
mod expression;
mod fit;
mod indexing;
mod method;
mod number;
mod operator;
mod pattern;
mod place;
mod scope;
mod sequence;
mod value;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use quote::ToTokens;
use tg_core::ir::Graph;

use crate::diagnostic::{Diagnostics, Message, Place};
use crate::types::Checked;

pub use scope::{Binding, Frame};
pub use value::{StructValue, Value};

/// Deepest nesting of calls: far beyond sensible code, far below the end of the stack.
pub const MAX_DEPTH: usize = 64;

/// Deepest nesting of expressions, those of inlined functions included: keeps the evaluator far from the end of the
/// stack, which rustc does not survive.
pub const MAX_NESTING: usize = 500;

/// Most iterations of all loops of one function together, and most elements of an array.
pub const MAX_ITERATIONS: usize = 1 << 16;

/// Why evaluation leaves an expression early.
#[derive(Debug)]
pub enum Stop<'g> {
    /// An error, which has been reported.
    Failed,
    /// `return`.
    Return(Value<'g>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// The value of an expression, or why there is none.
pub type Eval<'g, T = Value<'g>> = Result<T, Stop<'g>>;

/// The state of one evaluation.
pub struct Evaluator<'a, 'g> {
    /// The block the code is from.
    pub code: &'a Checked<'a>,
    /// The graph that is built.
    pub graph: &'g Graph,
    /// Where errors go.
    pub errors: &'a Diagnostics,
    /// Calls in progress, innermost last.
    pub frames: Vec<Frame<'g>>,
    /// Functions that were called.
    pub called: BTreeSet<usize>,
    /// Constants whose value is being found.
    consts: Vec<usize>,
    /// Expressions being evaluated.
    nesting: usize,
    /// Iterations left.
    budget: usize,
}

impl<'a, 'g> Evaluator<'a, 'g> {
    /// An evaluator with an empty frame, in which constants and closures can be evaluated.
    pub fn new(code: &'a Checked<'a>, graph: &'g Graph, errors: &'a Diagnostics) -> Self {
        let frames = vec![Frame::default()];
        Evaluator {
            code,
            graph,
            errors,
            frames,
            called: BTreeSet::new(),
            consts: Vec::new(),
            nesting: 0,
            budget: MAX_ITERATIONS,
        }
    }

    /// The variables of the innermost call.
    pub fn frame(&mut self) -> &mut Frame<'g> {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Reports an error at `at`.
    fn fail(&self, at: &impl ToTokens, message: Message) -> Stop<'g> {
        self.fail_at(Place::of(at), message)
    }

    fn fail_at(&self, place: Place, message: Message) -> Stop<'g> {
        let place = self.frames.iter().find_map(|frame| frame.site).unwrap_or(place);
        self.errors.report(place, message.within(&self.call_chain()));
        Stop::Failed
    }

    /// Names of the functions being called, outermost first.
    pub fn call_chain(&self) -> Vec<String> {
        self.frames.iter().filter_map(|frame| frame.function).map(|at| self.function_name(at)).collect()
    }

    /// `Mlp::logits`.
    pub fn function_name(&self, at: usize) -> String {
        let function = &self.code.block.functions[at];
        let owner = function.owner.and_then(|at| self.code.owner_struct(at));
        let name = function.name();
        owner.map_or(name.clone(), |index| format!("{}::{name}", self.code.struct_name(index)))
    }

    /// Takes one iteration from the budget; `None` if nothing is left.
    fn spend(&mut self) -> Option<()> {
        self.budget = self.budget.checked_sub(1)?;
        Some(())
    }

    /// `value`, or silence if it is poison.
    fn healthy(&self, value: Value<'g>) -> Eval<'g> {
        if value.is_poison() { Err(Stop::Failed) } else { Ok(value) }
    }
}
