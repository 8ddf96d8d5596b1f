//! How a kernel runs: schedule actions, and the heuristic that chooses them.
//!
//! An [`Action`] replaces a loop counter by an expression of new ones, and so can change the speed of a
//! kernel but never its result beyond the order of a sum. A list of actions is a value that prints and
//! parses. [`heuristic`] gives the list for a kernel and an instruction set.

mod action;
mod border;
mod heuristic;
mod keep;
mod layout;
mod merge;
mod period;
mod split;
mod stage;

pub use action::{Action, Actions, InvalidAction};
pub use heuristic::heuristic;
pub use merge::merge_loops;

use crate::ir::Uop;
use crate::symbolic::Simplifier;

/// `kernel` after `actions`, in order.
///
/// # Errors
/// If an action names a loop the kernel does not have, or one it cannot be applied to.
pub fn apply<'g>(
    kernel: Uop<'g>,
    actions: &Actions,
    simplifier: &mut Simplifier<'g>,
) -> Result<Uop<'g>, InvalidAction> {
    let mut kernel = kernel;
    for action in &actions.0 {
        kernel = action.apply(kernel, simplifier)?;
    }
    Ok(kernel)
}
