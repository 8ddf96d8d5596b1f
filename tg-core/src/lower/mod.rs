//! Lowering: from scheduled kernels to instructions that every target has.

pub mod transcendental;
