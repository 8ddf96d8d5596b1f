//! Parameters and results taken apart: the tensors and scalars in them, as Rust names and reaches them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Concrete;
use crate::types::Access;

/// A tensor or scalar among the parameters or results.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its name for messages: `net.w1`.
    pub name: String,
    /// The Rust expression for it: `net.w1`.
    pub access: TokenStream,
    /// Tensor or scalar.
    pub ty: Concrete,
    /// How it is taken; results are written in place.
    pub taken: Access,
}

impl Leaf {
    /// Whether it is a tensor that most likely holds the same at the next call.
    pub fn is_constant(&self) -> bool {
        self.taken == Access::Constant && matches!(self.ty, Concrete::Tensor(..))
    }
}

/// The tensors and scalars of a result, in order, as parts of the Rust expression `access`.
pub fn result_leaves(ty: &Concrete, access: &TokenStream) -> Vec<Leaf> {
    fn visit(ty: &Concrete, name: String, access: TokenStream, leaves: &mut Vec<Leaf>) {
        match ty {
            Concrete::Tensor(..) | Concrete::Scalar(_) => {
                leaves.push(Leaf { name, access, ty: ty.clone(), taken: Access::InPlace });
            }
            Concrete::Struct(_, _, fields) => {
                for (field, ty) in fields {
                    let member = member(field);
                    visit(ty, format!("{name}.{field}"), quote!(#access.#member), leaves);
                }
            }
            Concrete::Tuple(parts) => {
                for (i, ty) in parts.iter().enumerate() {
                    let index = syn::Index::from(i);
                    visit(ty, format!("{name}.{i}"), quote!(#access.#index), leaves);
                }
            }
            Concrete::Array(parts) => {
                for (i, ty) in parts.iter().enumerate() {
                    let index = syn::Index::from(i);
                    visit(ty, format!("{name}.{i}"), quote!(#access[#index]), leaves);
                }
            }
        }
    }
    let mut leaves = Vec::new();
    visit(ty, "out".into(), access.clone(), &mut leaves);
    leaves
}

/// A field as a member: `.w` or `.0`.
pub fn member(name: &str) -> syn::Member {
    match name.parse::<usize>() {
        Ok(index) => syn::Member::Unnamed(index.into()),
        Err(_) => syn::Member::Named(identifier(name)),
    }
}

/// The identifier `name`, written `r#name` if it is a keyword.
fn identifier(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| Ident::new_raw(name, proc_macro2::Span::call_site()))
}
