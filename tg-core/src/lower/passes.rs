//! The table of passes.

use super::linearize::{Linear, linearize};
use super::{narrow, separate, transcendental, unroll, vectorize};
use crate::ir::{Memo, Uop, rebuild};
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
    Pass { name: "narrow", after: "no bf16; f32 that is rounded instead", run: narrow::narrow },
    Pass { name: "unroll", after: "no Unroll ranges", run: unroll::unroll },
    Pass { name: "vectorize", after: "no Lane ranges; vectors instead", run: vectorize::vectorize },
    Pass { name: "separate", after: "every RANGE is one loop in one place", run: separate::separate },
    Pass { name: "decompose", after: "only operations that every processor has", run: decompose },
];

/// Replaces each operation that has a decomposition.
fn decompose<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| transcendental::decompose(node).unwrap_or(node))
}

/// The instructions of `kernel`: all passes, then [`linearize`].
pub fn lower<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    linearize(PASSES.iter().fold(kernel, |kernel, pass| (pass.run)(kernel, simplifier)))
}
