//! Expansion: the Rust items that a checked block becomes.
//!
//! Nothing here can fail. Spans of names and types are the user's, so that editors show and follow them; names of
//! generated items carry a hash, names of local variables are hygienic.

pub mod function;
pub mod program;
pub mod structure;
pub mod types;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use std::path::Path;

use crate::config::VARIABLES;

/// Tells rustc which environment variables the expansion depends on.
pub fn tracked_variables() -> TokenStream {
    let assembler = cfg!(feature = "cuda").then_some(tg_toolchain::PTXAS_VARIABLE);
    let names = VARIABLES.iter().copied().chain(assembler);
    quote!(#(const _: ::core::option::Option<&::core::primitive::str> = ::core::option_env!(#names);)*)
}

/// Tells rustc of a file that the expansion depends on.
pub fn tracked_file(file: &Path) -> TokenStream {
    // rustc takes a path that is not UTF-8 from nobody, so it has not got one here.
    let path = file.to_string_lossy();
    quote!(
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
    )
}

/// A name that generated code cannot share with the user's.
pub fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
