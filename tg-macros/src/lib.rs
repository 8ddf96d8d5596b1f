//! `tensor_fn!` and `#[tg::aot]`: tensor code that is checked and compiled while the crate compiles.
//!
//! One way through, with a barrier after each stage, behind which there are no errors of the stage before:
//!
//! | module | does |
//! |---|---|
//! | `config` | reads rustc's arguments and the environment |
//! | `diagnostic`, `messages` | collects errors; words them |
//! | `syntax` | parses the block |
//! | `library` | adds the functions and structs that blocks name by path |
//! | `types` | resolves the types in signatures |
//! | `evaluate` | runs bodies at compile time |
//! | `trace` | makes each function a graph |
//! | `kernels` | compiles graphs to machine code |
//! | `explore` | writes pages that show how, with `TG_EXPLORE` |
//! | `gpu` | the same for GPUs, with the feature `cuda` |
//! | `expand` | writes the Rust items |
//! | `pipeline` | these, in order |
//!
//! Invariant: only `config`, `kernels` and `explore` do IO; only this file uses `proc_macro`.
#![forbid(unsafe_code)]

mod config;
mod diagnostic;
#[cfg(test)]
mod doors;
mod messages;
mod syntax;
mod library;
mod types;
mod evaluate;
mod trace;
mod kernels;
mod explore;
mod expand;
#[cfg(feature = "cuda")]
mod gpu;
mod pipeline;

use proc_macro::TokenStream;

/// Compiles tensor functions: `tensor_fn! { structs, impls, functions, constants }`, or in place
/// `tensor_fn!(|x: Tensor<f32, 32, 784>| x.softmax(-1))`.
///
/// The documentation of the crate `tg` describes the language.
#[proc_macro]
pub fn tensor_fn(input: TokenStream) -> TokenStream {
    pipeline::run(input.into()).into()
}

/// Compiles one tensor function: `#[tg::aot] pub fn f(x: Tensor<f32, 32, 784>) -> Tensor<f32, 32> { … }`.
#[proc_macro_attribute]
pub fn aot(arguments: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::run_attribute(arguments.into(), item.into()).into()
}

/// The structs of a module of the library, which the crate `tg` exports.
#[doc(hidden)]
#[proc_macro]
pub fn library(module: TokenStream) -> TokenStream {
    pipeline::run_library(module.into()).into()
}
