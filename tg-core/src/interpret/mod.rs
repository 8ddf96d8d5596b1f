//! The reference interpreter: what programs mean, at every stage, as plainly as it can be said.
//!
//! Four readings of the same IR: [`evaluate`] runs tensor graphs on whole arrays, [`run_kernel`] runs
//! loop nests point by point, [`run_linear`] runs instruction lists as a small machine, and
//! [`run_blocks`] as many of those, with what threads of a GPU share. The first shares
//! nothing with the others but the arithmetic of [`crate::ir::eval`], so that each checks the next.
//! Float reductions of the first two accumulate in `f64` and round once: the reference is more exact
//! than any kernel.
//!
//! Not here: speed, and any use of [`crate::view`]'s algebra, which this is the reference for.

mod array;
mod bits;
mod error;
mod fold;
mod memory;
mod point;
mod tensor;
mod kernel;
mod linear;
mod block;

pub use array::Array;
pub use block::run_blocks;
pub use error::Error;
pub use kernel::run_kernel;
pub use linear::run_linear;
pub use tensor::evaluate;

/// Most elements an array may have: beyond it, evaluation is an error instead of an exhausted machine.
pub const MAX_ELEMENTS: usize = 1 << 27;

/// Most steps a kernel may take: beyond it, a run is an error instead of a wait without end.
pub const MAX_STEPS: u64 = 1 << 32;
