//! The tensor methods on lazy tensors, and the functions that make some.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

mod arithmetic;
mod comparison;
mod conversion;
mod function;
mod activation;
mod movement;
mod joining;
mod reduction;
mod statistics;
mod contraction;
mod window;
mod convolution;
mod pooling;
mod normalization;
mod attention;
mod indexing;
mod creation;
mod random;
mod loss;

pub use joining::*;
pub use creation::*;
pub use random::*;
