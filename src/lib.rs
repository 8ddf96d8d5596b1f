//! Tensor functions compiled to native kernels by `cargo build`.
#![doc = include_str!("../README.md")]

// So that the paths in expansions hold inside this crate too.
extern crate self as tg;

pub use tg_macros::{aot, tensor_fn};
pub use tg_runtime::program::Report;
pub use tg_runtime::*;

/// What most programs need: `use tg::prelude::*;`.
pub mod prelude {
    pub use tg_macros::tensor_fn;
    pub use tg_runtime::{Const, Dim, Dyn, Parameters, Tensor};
}

/// What expansions refer to. Not for use by hand; it changes with the macros.
#[doc(hidden)]
pub mod __private {
    pub use tg_core::dtype::Scalar;
    pub use tg_runtime::isa::Isa;
    pub use tg_runtime::kernel;
    pub use tg_runtime::parameters::field_name;
    pub use tg_runtime::program::{
        DimSpec, Kernel, ParamSpec, Poly, Program, ProgramState, Report, Role, Slot, Variant,
    };
}

/// The examples of the language's description, as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/language.md")]
mod language {}
