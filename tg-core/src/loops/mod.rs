//! Kernels as loop nests: a tensor expression turned into indices, loads, reductions and stores.
//!
//! A kernel is `SINK(STORE(INDEX(pointer, index), value, ranges…)…)`. A node belongs to the innermost
//! of the loops its value varies with, so several dependent reductions over the same outer loops need
//! no special case: a row's maximum is a REDUCE whose result varies with the row only, and so it stands
//! before the loop that uses it. Where each loop stands follows from the graph: see [`Nest`].
//!
//! Invariant: nothing after this module knows shapes, axes or views.

mod access;
mod block;
mod build;
mod canonical;
mod digits;
mod nest;
mod substitute;

pub use access::{in_vectors, is_aligned, stride, terms};
pub use block::{Block, ROWS, are_held, are_near, blocks, bytes};
pub use build::{Builder, stored_dtype};
pub use canonical::canonical_text;
pub use digits::{Digits, field};
pub use nest::Nest;
pub use substitute::{close, closes, each_store, instantiate, renamed, renamed_as, separate, substitute};
