//! What the text of a function's kernels depends on, so that kernels rendered once can be kept for the next build.
//!
//! Keeping them is not done here: the compiler does no IO.

use super::{Function, Language};
use crate::ir::text::print_list;
use crate::ir::{Graph, Id};
use crate::target::Isa;

/// A hash of the compiler's source, which `build.rs` makes. The version alone would take kernels of yesterday's compiler
/// for those of today's while tg itself is worked on.
pub const FINGERPRINT: &str = env!("TG_FINGERPRINT");

/// Everything that the kernels of a traced function depend on, as text: equal texts, equal kernels to the letter. What a
/// tuning file says comes to that: [`super::Plan::tuned`].
///
/// Nodes that nothing uses are in it too. They decide which ids later nodes get, and instructions stand in the order of
/// ids.
pub fn identity<'g>(graph: &'g Graph, function: &Function<'g>, isas: &[Isa], language: Language) -> String {
    let nodes: Vec<_> = (0..graph.len()).map(|id| graph.get(Id(id as u32))).collect();
    format!("{FINGERPRINT} {language:?} {isas:?}\n{function:?}\n{}", print_list(&nodes))
}
