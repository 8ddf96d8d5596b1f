//! How a kernel runs: schedule actions, and the heuristic that chooses them.
//!
//! An [`Action`] replaces a loop counter by an expression of new ones, and so can change the speed of a
//! kernel but never its result beyond the order of a sum. A list of actions is a value that prints and
//! parses. [`heuristic`] gives the list for a kernel and an instruction set; a [`Tuning`] holds lists that were measured
//! to be faster.

mod accumulate;
mod action;
mod apply;
mod border;
mod divide;
mod fuse;
mod heuristic;
mod keep;
mod layout;
mod lookahead;
mod margin;
mod matrix;
mod merge;
mod neighbours;
mod pack;
mod pad;
mod period;
mod precompute;
mod prefetch;
mod repeated;
mod search;
mod share;
mod split;
mod stage;
mod trim;
mod tuning;

pub use action::{Action, Actions, InvalidAction};
pub use heuristic::heuristic;
pub use margin::with_margins;
pub(crate) use matrix::factors;
pub use merge::merge_loops;
pub use neighbours::neighbours;
pub use pack::{Packing, apart};
pub(crate) use pad::guarded_load;
pub use repeated::repeated;
pub use search::{Reach, Trial, search};
pub use tuning::{Entry, Fingerprint, MalformedTuning, Tuning};

use crate::ir::{Arg, Axis, Uop};
use crate::loops::Nest;
use crate::symbolic::Simplifier;

/// Most copies of a loop body. The heuristic stays far below; a list from a file might be anything.
const MOST_COPIES: i128 = 1 << 10;

/// `kernel` after `actions`, in order.
///
/// # Errors
/// If an action names a loop the kernel does not have, or one it cannot be applied to, or if a loop body would be written
/// out too often.
pub fn apply<'g>(
    kernel: Uop<'g>,
    actions: &Actions,
    simplifier: &mut Simplifier<'g>,
) -> Result<Uop<'g>, InvalidAction> {
    let mut kernel = kernel;
    for action in &actions.0 {
        kernel = action.apply(kernel, simplifier)?;
        let copies = copies(kernel);
        if copies > MOST_COPIES {
            return Err(InvalidAction(format!("{action}: a loop would be written out {copies} times")));
        }
    }
    Ok(kernel)
}

/// How often the loop body that is written out most often is.
fn copies(kernel: Uop) -> i128 {
    let nest = Nest::new(kernel);
    let unrolled = |r: &Uop| matches!(r.arg(), Arg::Range(_, Axis::Unroll));
    let of = |r| nest.path(Some(r)).into_iter().filter(unrolled).map(|r| r.src(0).vmax()).fold(1, i128::saturating_mul);
    nest.loops().into_iter().map(of).max().unwrap_or(1)
}
