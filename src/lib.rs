//! Tensor functions compiled to native kernels by `cargo build`.
#![doc = include_str!("../README.md")]

// So that the paths in expansions hold inside this crate too.
extern crate self as tg;

pub mod nn;

pub use tg_lazy as lazy;
pub use tg_lazy::explore;
pub use tg_macros::{aot, tensor_fn};
pub use tg_runtime::program::Report;
pub use tg_runtime::*;

/// A tensor type as tensor functions write it: `Tensor![f32, 32, 784]` is `Tensor<f32, (Const<32>, Const<784>)>`.
///
/// A size is a number, a constant in braces, `_` for one that is known at run time only ([`Dyn`]), or the name of a
/// type that implements [`Dim`](trait@Dim).
///
/// ```
/// use tg::prelude::*;
///
/// const CLASSES: usize = 10;
/// fn rows<N: Dim>(x: &Tensor![f32, N, { CLASSES }]) -> usize {
///     x.dims()[0]
/// }
/// let batch: Tensor![f32, _, 10] = Tensor::from_vec(vec![0.0; 30]).unwrap();
/// let fixed: Tensor![f32, 3, 10] = batch.into_shape().unwrap();
/// assert_eq!(rows(&fixed), 3);
/// ```
#[macro_export]
macro_rules! Tensor {
    (@size _) => { $crate::Dyn };
    (@size $size:literal) => { $crate::Const<$size> };
    (@size $size:block) => { $crate::Const<$size> };
    (@size $size:ident) => { $size };
    ($element:ty $(, $size:tt)* $(,)?) => { $crate::Tensor<$element, ($($crate::Tensor!(@size $size),)*)> };
}

/// What most programs need: `use tg::prelude::*;`.
pub mod prelude {
    pub use tg_macros::tensor_fn;
    // From this crate: the type and the macro of that name.
    pub use crate::Tensor;
    pub use crate::nn;
    pub use tg_runtime::{Const, Device, Dim, Dyn, Parameters};
}

/// What expansions refer to. Not for use by hand; it changes with the macros.
#[doc(hidden)]
pub mod __private {
    pub use tg_core::dtype::Scalar;
    pub use tg_lazy::run_graph;
    pub use tg_runtime::isa::Isa;
    pub use tg_runtime::kernel;
    pub use tg_runtime::parameters::field_name;
    pub use tg_runtime::program::{
        DimSpec, Fallback, Kernel, Pack, ParamSpec, Poly, Program, ProgramState, Report, Role, Slot, Variant,
    };
    #[cfg(feature = "cuda")]
    pub use tg_runtime::program::{Fragment, GpuImage, GpuKernel, GpuLaunch, GpuProgram, GpuState};
}

/// The examples of the language's description, as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/language.md")]
mod language {}

#[cfg(doctest)]
#[doc = include_str!("../docs/lazy.md")]
mod lazy_tensors {}
