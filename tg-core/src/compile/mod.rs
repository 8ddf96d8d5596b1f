//! The only public entry: a traced tensor function in, finished kernels with their launch plan out.

mod program;

pub use program::{Function, Kernel, Language, Parameter, Program, Report, Role, Slot, Variant};
