//! The reference interpreter: what programs mean, at every stage, as plainly as it can be said.
//!
//! [`evaluate`] runs tensor graphs on whole arrays. Float reductions accumulate in `f64` and round once:
//! the reference is more exact than any kernel.
//!
//! Not here: speed, and any use of [`crate::view`]'s algebra, which this is the reference for.

mod array;
mod bits;
mod error;
mod fold;
mod tensor;

pub use array::Array;
pub use error::Error;
pub use fold::identity;
pub use tensor::evaluate;

/// Most elements an array may have: beyond it, evaluation is an error instead of an exhausted machine.
pub const MAX_ELEMENTS: usize = 1 << 27;
