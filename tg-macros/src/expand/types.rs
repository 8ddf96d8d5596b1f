//! Types as Rust writes them.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use tg_core::dtype::DType;

use crate::trace::{Concrete, Size};
use crate::types::Checked;

/// The Rust type of one element.
pub fn element(dtype: DType) -> TokenStream {
    let name = proc_macro2::Ident::new(dtype.scalar.name(), proc_macro2::Span::call_site());
    match dtype {
        DType::F16 | DType::BF16 => quote!(::tg::#name),
        _ => quote!(::core::primitive::#name),
    }
}

/// The Rust type of one dimension.
pub fn dimension(size: &Size) -> TokenStream {
    match size {
        Size::Known(value) => {
            let value = Literal::u64_unsuffixed(value.unsigned_abs());
            quote!(::tg::Const<#value>)
        }
        Size::Generic(ident) => ident.to_token_stream(),
        Size::Open => quote!(::tg::Dyn),
    }
}

/// `::tg::Tensor<f32, (::tg::Const<784>,)>`.
pub fn tensor<'s>(dtype: DType, sizes: impl IntoIterator<Item = &'s Size>) -> TokenStream {
    let (dtype, dims) = (element(dtype), sizes.into_iter().map(dimension));
    quote!(::tg::Tensor<#dtype, (#(#dims,)*)>)
}

/// The Rust type of a value.
pub fn rust_type(code: &Checked, ty: &Concrete) -> TokenStream {
    let all = |parts: &[Concrete]| parts.iter().map(|part| rust_type(code, part)).collect::<Vec<_>>();
    match ty {
        Concrete::Tensor(dtype, dims) => tensor(*dtype, dims.iter().map(|(_, size)| size)),
        Concrete::Scalar(dtype) => element(*dtype),
        Concrete::Struct(index, args, _) => {
            let ident = code.struct_path(*index);
            let args = args.iter().map(|arg| Literal::u64_unsuffixed(arg.unsigned_abs()));
            quote!(#ident<#(#args),*>)
        }
        Concrete::Tuple(parts) => {
            let parts = all(parts);
            quote!((#(#parts,)*))
        }
        Concrete::Array(parts) => {
            let (length, first) = (parts.len(), parts.first().map(|part| rust_type(code, part)));
            quote!([#first; #length])
        }
    }
}
