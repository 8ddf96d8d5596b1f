//! The tg compiler: tensor graphs to scheduled, rendered kernels, as pure functions.
//!
//! Modules stand in the order of the pipeline; each uses only those above it.
#![forbid(unsafe_code)]

pub mod dtype;
pub mod dim;
pub mod target;
pub mod view;
pub mod ir;
pub mod tensor;
pub mod compile;
pub mod random;
