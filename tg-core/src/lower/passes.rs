//! The table of passes.

use super::linearize::{Linear, linearize};
use super::{unroll, vectorize};
use crate::ir::Uop;
use crate::symbolic::Simplifier;

/// A step of the lowering, from loop nest to loop nest.
pub struct Pass {
    /// Name in debug output.
    pub name: &'static str,
    /// What holds afterwards.
    pub after: &'static str,
    /// The step.
    pub run: for<'g> fn(Uop<'g>, &mut Simplifier<'g>) -> Uop<'g>,
}

/// The passes, in order.
pub const PASSES: &[Pass] = &[
    Pass { name: "unroll", after: "no Unroll ranges", run: unroll::unroll },
    Pass { name: "vectorize", after: "no Lane ranges; vectors instead", run: vectorize::vectorize },
];

/// The instructions of `kernel`: all passes, then [`linearize`].
pub fn lower<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    linearize(PASSES.iter().fold(kernel, |kernel, pass| (pass.run)(kernel, simplifier)))
}
