//! Structs: the same struct with Rust's tensor types, and what every struct of tensors can do.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use tg_core::dim::Dim;
use tg_core::ir::Graph;

use crate::diagnostic::{Diagnostics, Place, name_of};
use crate::evaluate::{Evaluator, Value};
use crate::expand::function::cfg;
use crate::expand::types::{dimension, tensor};
use crate::syntax::{GenericKind, Struct, is_buffer};
use crate::trace::{Size, constant, member, size};
use crate::types::{Checked, Ty};

/// Struct `index` as Rust items; sizes that cannot be evaluated are reported.
pub fn expand(code: &Checked, index: usize, errors: &Diagnostics) -> TokenStream {
    let item = &code.block.structs[index];
    let Some(fields) = &code.fields[index] else { return erroneous(item) };
    if item.generics.iter().any(|generic| matches!(generic.kind, GenericKind::Dim(_))) {
        return erroneous(item);
    }
    let graph = Graph::new();
    let mut evaluator = Evaluator::new(code, &graph, errors);
    evaluator.push_struct_frame(index);
    let sized = fields.iter().map(|(_, ty)| sized(&mut evaluator, ty)).collect::<Vec<_>>();
    let Some(sized) = sized.into_iter().collect::<Option<Vec<_>>>() else { return erroneous(item) };
    let mut output = item.item.clone();
    for (field, ty) in output.fields.iter_mut().zip(&sized) {
        field.attrs.retain(|attr| !is_buffer(attr));
        let span = field.ty.span();
        let ty = ty.to_rust(code);
        field.ty = syn::Type::Verbatim(quote_spanned!(span=> #ty));
    }
    let named: Vec<(String, Sized)> = fields.iter().map(|(name, _)| name.clone()).zip(sized).collect();
    let (zeros, parameters) = (zeros(code, item, index, &named), parameters(item, &named));
    quote!(#output #zeros #parameters)
}

/// A struct whose fields have errors, as an empty one: those who name it do not get more errors.
fn erroneous(item: &Struct) -> TokenStream {
    let (vis, ident) = (&item.item.vis, &item.ident);
    let generics = item.item.generics.params.iter().map(|param| match param {
        syn::GenericParam::Type(param) => {
            let name = &param.ident;
            quote!(const #name: usize)
        }
        other => quote!(#other),
    });
    quote!(#[allow(missing_docs, dead_code)] #vis struct #ident<#(#generics),*>;)
}

/// The type of a field, its sizes evaluated; those of other structs are as written.
enum Sized {
    Tensor(tg_core::dtype::DType, Vec<Size>),
    Struct(usize, Vec<Size>),
    Tuple(Vec<Sized>),
    Array(Box<Sized>, Size),
}

/// How a number in a type is found, and which it may be.
type Evaluate = fn(&mut Evaluator, &syn::Expr) -> Option<(Dim, Size)>;

fn sized(evaluator: &mut Evaluator, ty: &Ty) -> Option<Sized> {
    let mut all = |exprs: &[syn::Expr], kind: Evaluate| {
        let sizes: Vec<_> = exprs.iter().map(|expr| field_size(evaluator, expr, kind)).collect();
        sizes.into_iter().collect::<Option<Vec<_>>>()
    };
    match ty {
        Ty::Tensor { dtype, dims } => Some(Sized::Tensor(*dtype, all(dims, size)?)),
        Ty::Scalar(dtype) => Some(Sized::Tensor(*dtype, Vec::new())),
        Ty::Struct { index, args } => Some(Sized::Struct(*index, all(args, constant)?)),
        Ty::Tuple(types) => {
            let parts: Vec<_> = types.iter().map(|ty| sized(evaluator, ty)).collect();
            parts.into_iter().collect::<Option<_>>().map(Sized::Tuple)
        }
        Ty::Array(element, length) => {
            let length = field_size(evaluator, length, size)?;
            Some(Sized::Array(Box::new(sized(evaluator, element)?), length))
        }
        Ty::Size | Ty::Optional(_) | Ty::Function | Ty::Any => None,
    }
}

/// A number in a struct: a parameter of the struct by itself, or one that is known.
fn field_size(evaluator: &mut Evaluator, expr: &syn::Expr, kind: Evaluate) -> Option<Size> {
    if let syn::Expr::Path(path) = expr
        && let Some(ident) = path.path.get_ident()
        && let Some(binding) = evaluator.frame().find(&name_of(ident))
        && matches!(binding.value, Value::Unbound)
    {
        return Some(Size::Generic(ident.clone()));
    }
    kind(evaluator, expr).map(|(_, size)| size)
}

impl Sized {
    fn to_rust(&self, code: &Checked) -> TokenStream {
        let literal = |size: &Size| match size {
            Size::Known(value) => proc_macro2::Literal::u64_unsuffixed(value.unsigned_abs()).into_token_stream(),
            other => dimension(other),
        };
        match self {
            Sized::Tensor(dtype, sizes) => {
                let wrapped: Vec<TokenStream> = sizes.iter().map(wrapped).collect();
                let element = crate::expand::types::element(*dtype);
                match sizes.iter().any(|size| matches!(size, Size::Generic(_))) {
                    true => quote!(::tg::Tensor<#element, (#(#wrapped,)*)>),
                    false => tensor(*dtype, sizes),
                }
            }
            Sized::Struct(index, args) => {
                let (ident, args) = (code.struct_path(*index), args.iter().map(literal));
                quote!(#ident<#(#args),*>)
            }
            Sized::Tuple(parts) => {
                let parts = parts.iter().map(|part| part.to_rust(code));
                quote!((#(#parts,)*))
            }
            Sized::Array(element, length) => {
                let (element, length) = (element.to_rust(code), literal(length));
                quote!([#element; #length])
            }
        }
    }

    fn zeros(&self, code: &Checked) -> TokenStream {
        match self {
            Sized::Tensor(..) | Sized::Struct(..) => {
                let ty = self.to_rust(code);
                quote!(<#ty>::zeros())
            }
            Sized::Tuple(parts) => {
                let parts = parts.iter().map(|part| part.zeros(code));
                quote!((#(#parts,)*))
            }
            Sized::Array(element, _) => {
                let element = element.zeros(code);
                quote!(::core::array::from_fn(|_| #element))
            }
        }
    }

    /// Calls of `visit` or `visit_mut` on `access`, whose name is the expression `name`.
    fn visit(&self, access: &TokenStream, name: &TokenStream, mutable: bool) -> TokenStream {
        match self {
            Sized::Tuple(parts) => {
                let part = |(i, part): (usize, &Sized)| {
                    let (index, text) = (syn::Index::from(i), i.to_string());
                    let name = quote!(&::tg::__private::field_name(#name, #text));
                    part.visit(&quote!(#access.#index), &name, mutable)
                };
                parts.iter().enumerate().map(part).collect()
            }
            _ if mutable => quote!(::tg::Parameters::visit_mut(&mut #access, #name, f);),
            _ => quote!(::tg::Parameters::visit(&#access, #name, f);),
        }
    }
}

/// A size of a tensor: parameters of a struct are numbers, not types.
fn wrapped(size: &Size) -> TokenStream {
    match size {
        Size::Generic(ident) => quote!(::tg::Const<#ident>),
        other => dimension(other),
    }
}

/// `zeros()`, unless the user has written one.
fn zeros(code: &Checked, item: &Struct, index: usize, fields: &[(String, Sized)]) -> TokenStream {
    if code.function(Some(index), "zeros").is_some() {
        return TokenStream::new();
    }
    let (vis, ident) = (&item.item.vis, &item.ident);
    let (generics, arguments, _) = item.item.generics.split_for_impl();
    let values = fields.iter().map(|(name, ty)| {
        let (member, value) = (member(name), ty.zeros(code));
        quote!(#member: #value)
    });
    let cfg = cfg(&item.item.attrs);
    quote! {
        #(#cfg)*
        impl #generics #ident #arguments {
            /// All tensors zero.
            #[allow(dead_code)]
            #vis fn zeros() -> Self {
                #ident { #(#values),* }
            }
        }
    }
}

/// The tensors by name, for files.
fn parameters(item: &Struct, fields: &[(String, Sized)]) -> TokenStream {
    let ident = &item.ident;
    let (generics, arguments, _) = item.item.generics.split_for_impl();
    let visits = |mutable: bool| -> TokenStream {
        let visit = |(name, ty): &(String, Sized)| {
            let member = member(name);
            ty.visit(&quote!(self.#member), &quote!(&::tg::__private::field_name(prefix, #name)), mutable)
        };
        fields.iter().map(visit).collect()
    };
    let (visit, visit_mut) = (visits(false), visits(true));
    let cfg = cfg(&item.item.attrs);
    quote! {
        #(#cfg)*
        #[allow(unused_variables)]
        impl #generics ::tg::Parameters for #ident #arguments {
            fn visit(&self, prefix: &str, f: &mut dyn ::core::ops::FnMut(&str, ::tg::TensorView<'_>)) {
                #visit
            }
            fn visit_mut(&mut self, prefix: &str, f: &mut dyn ::core::ops::FnMut(&str, ::tg::TensorViewMut<'_>)) {
                #visit_mut
            }
        }
    }
}

/// Reports parameters of structs that are no constants: a struct has no run-time dimensions.
pub fn check_generics(item: &Struct, errors: &Diagnostics) {
    for generic in &item.generics {
        if let GenericKind::Dim(_) = generic.kind {
            errors.report(Place::of(&generic.ident), crate::messages::struct_dim(&name_of(&generic.ident)));
        }
    }
}
