//! `tensor_fn!` and `#[tg::aot]`: tensor code, checked and compiled while the crate compiles.
#![forbid(unsafe_code)]

mod diagnostic;
mod evaluate;
mod messages;
mod syntax;
mod trace;
mod types;
