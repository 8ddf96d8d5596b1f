//! From a loop nest with schedule actions to a list of instructions: the whole lowering on one page.

mod gpu;
mod linearize;
mod lookahead;
mod narrow;
mod passes;
mod prefetch;
mod separate;
mod skip;
mod taps;
mod tf32;
pub mod transcendental;
mod transpose;
mod unroll;
mod vectorize;

pub use linearize::{Linear, linearize};
pub use passes::{Pass, lower, passes};
