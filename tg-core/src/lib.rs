//! The tg compiler: tensor graphs to scheduled, rendered kernels, as pure functions.
//!
//! Modules stand in the order of the pipeline; each uses only those above it.
#![forbid(unsafe_code)]

pub mod dtype;
pub mod dim;
pub mod target;
pub mod random;
pub mod view;
pub mod ir;
pub mod interpret;
pub mod rewrite;
pub mod symbolic;
pub mod index;
pub mod tensor;
pub mod loops;
pub mod schedule;
pub mod optimize;
pub mod lower;
pub mod render;
pub mod compile;
pub mod explore;
