//! Tensor functions compiled to native kernels by `cargo build`.
//!
//! ```
//! use tg::prelude::*;
//!
//! tensor_fn! {
//!     /// The softmax of each row.
//!     pub fn probabilities<N: Dim>(x: Tensor<f32, N, 3>) -> Tensor<f32, N, 3> {
//!         x.softmax(-1)
//!     }
//! }
//!
//! # fn main() -> tg::Result<()> {
//! let x = Tensor::from([[0.0f32, 0.0, 0.0]]);
//! let p = probabilities(&x)?;
//! assert!((p.as_slice()[0] - 1.0 / 3.0).abs() < 1e-6);
//! # Ok(())
//! # }
//! ```

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
