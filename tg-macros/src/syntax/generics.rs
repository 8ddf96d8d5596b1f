//! What stands in angle brackets: parameters of items, arguments of types and calls.

use proc_macro2::Ident;
use syn::{Expr, Type};

use crate::diagnostic::{Diagnostics, Message, Place};
use crate::messages;

/// A parameter in angle brackets.
#[derive(Clone, Debug)]
pub struct Generic {
    /// Its name.
    pub ident: Ident,
    /// What it stands for.
    pub kind: GenericKind,
    /// What it is where it is left out.
    pub default: Option<Expr>,
}

/// What a generic parameter stands for.
#[derive(Clone, Debug)]
pub enum GenericKind {
    /// `const N: usize`.
    Const,
    /// `N: Dim` or `N: Dim<MIN, MAX>`, with the bounds as written.
    Dim(Vec<Expr>),
}

/// The generic parameters that the language has; others are reported.
pub(super) fn read_generics(generics: &syn::Generics, errors: &Diagnostics) -> Vec<Generic> {
    let mut read = Vec::new();
    for param in &generics.params {
        match param {
            syn::GenericParam::Const(param) => {
                let (ident, default) = (param.ident.clone(), param.default.clone());
                read.push(Generic { ident, kind: GenericKind::Const, default });
            }
            syn::GenericParam::Type(param) => match dim_bounds(param, generics) {
                Ok(bounds) => {
                    read.push(Generic { ident: param.ident.clone(), kind: GenericKind::Dim(bounds), default: None });
                }
                Err(message) => errors.report(Place::of(param), message),
            },
            syn::GenericParam::Lifetime(_) => {}
        }
    }
    read
}

/// The arguments of the bound `Dim<…>` of a type parameter, here or in the `where` clause.
fn dim_bounds(param: &syn::TypeParam, generics: &syn::Generics) -> Result<Vec<Expr>, Message> {
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let named = predicates.filter_map(|predicate| match predicate {
        syn::WherePredicate::Type(predicate) => match &predicate.bounded_ty {
            Type::Path(path) if path.path.is_ident(&param.ident) => Some(&predicate.bounds),
            _ => None,
        },
        _ => None,
    });
    let bounds: Vec<_> = param.bounds.iter().chain(named.flatten()).collect();
    match &bounds[..] {
        [syn::TypeParamBound::Trait(bound)] => {
            let last = bound.path.segments.last().filter(|segment| segment.ident == "Dim");
            last.map(|segment| generic_exprs(&segment.arguments)).ok_or_else(|| messages::type_parameter(&param.ident))
        }
        _ => Err(messages::type_parameter(&param.ident)),
    }
}

/// The arguments in angle brackets as expressions: what stands for a size may look like a type to the parser.
pub fn generic_exprs(arguments: &syn::PathArguments) -> Vec<Expr> {
    let syn::PathArguments::AngleBracketed(arguments) = arguments else { return Vec::new() };
    arguments.args.iter().filter_map(generic_expr).collect()
}

/// One argument in angle brackets as an expression; `None` for lifetimes, associated types and other types.
pub fn generic_expr(argument: &syn::GenericArgument) -> Option<Expr> {
    match argument {
        syn::GenericArgument::Const(expr) => Some(expr.clone()),
        syn::GenericArgument::Type(Type::Path(path)) => {
            Some(Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: path.path.clone() }))
        }
        _ => None,
    }
}
