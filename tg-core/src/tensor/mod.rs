//! Every tensor method, once, as a function from graph to graph; and gradients.
//!
//! A tensor is a [`Uop`](crate::ir::Uop) of the tensor stage. The methods are plain functions, `softmax(x, -1)?`,
//! grouped by theme; [`find`] gives the same functions by name to the languages that call them. Numbers take the
//! dtype of the tensor beside them, shapes broadcast, and whatever does not fit is an [`Error`] that says what would. What is
//! narrower than f32 is computed in f32 and rounded once: `precision`.
//!
//! Invariant: nothing here decides how or when something is computed; graphs are only built.

mod activation;
mod argument;
mod arithmetic;
mod attention;
mod comparison;
mod contraction;
mod conversion;
mod convolution;
mod creation;
mod error;
mod function;
mod gradient;
mod indexing;
mod joining;
mod loss;
mod movement;
mod normalization;
mod pooling;
mod precision;
mod primitive;
mod random;
mod reduction;
mod registry;
mod statistics;
#[cfg(test)]
mod tests;
mod window;
mod winograd;

pub use activation::*;
pub use argument::{Argument, Axes, Each, Slice, Term};
pub use arithmetic::*;
pub use attention::*;
pub use comparison::*;
pub use contraction::*;
pub use conversion::*;
pub use convolution::*;
pub use creation::*;
pub use error::{Error, show_shape};
pub use function::*;
pub use gradient::{depends_on, grad};
pub use indexing::*;
pub use joining::*;
pub use loss::*;
pub use movement::*;
pub use normalization::*;
pub use pooling::*;
pub(crate) use primitive::{permuted, reduced, reshaped, shrunk};
pub use random::*;
pub use reduction::*;
pub use registry::{Method, Param, find, is_addressable, methods, suggest, themes};
pub use statistics::*;
pub use window::*;
