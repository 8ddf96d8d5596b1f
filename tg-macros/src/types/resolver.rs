//! From types as written to [`Ty`]: each name is found, or reported.

use syn::{Attribute, Expr, GenericArgument, Pat, PathArguments, Type};
use tg_core::dtype::DType;

use crate::diagnostic::{Diagnostics, Message, Place, closest, name_of};
use crate::library::{self, path_name};
use crate::messages;
use crate::syntax::{Block, Function, Generic, generic_expr, generic_exprs};
use crate::types::{Access, MAX_RANK, Param, Signature, Ty, dtype_named, dtypes};

/// Attributes of parameters that say nothing to the compiler of tensor functions.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

#[derive(Clone, Copy)]
pub(super) struct Resolver<'a> {
    pub(super) block: &'a Block,
    pub(super) errors: &'a Diagnostics,
    /// What `Self` stands for.
    pub(super) owner: Option<&'a Ty>,
}

impl Resolver<'_> {
    pub(super) fn fields(self, item: &syn::ItemStruct) -> Option<Vec<(String, Ty)>> {
        let named = |(at, field): (usize, &syn::Field)| {
            let name = field.ident.as_ref().map_or_else(|| at.to_string(), name_of);
            let ty = self.resolve(&field.ty)?;
            if !ty.is_field() {
                self.errors.report(Place::of(&field.ty), messages::field_type());
                return None;
            }
            Some((name, ty))
        };
        let fields: Vec<_> = item.fields.iter().enumerate().map(named).collect();
        fields.into_iter().collect()
    }

    pub(super) fn owner(self, target: &Type) -> Option<Ty> {
        match self.resolve(target)? {
            ty @ Ty::Struct { .. } => Some(ty),
            _ => {
                self.errors.report(Place::of(target), messages::impl_target());
                None
            }
        }
    }

    pub(super) fn signature(self, function: &Function) -> Option<Signature> {
        let outer = function.owner.map_or(&[][..], |at| &self.block.impls[at].generics);
        let params: Vec<_> = function.sig.inputs.iter().map(|input| self.param(input)).collect();
        let (output, output_place) = match &function.sig.output {
            syn::ReturnType::Default => (Some(Ty::Tuple(Vec::new())), Place::of(&function.sig.ident)),
            syn::ReturnType::Type(_, ty) => (self.resolve(ty), Place::of(ty)),
        };
        Some(Signature {
            generics: [outer, &function.generics].concat(),
            own_generics: function.generics.len(),
            is_method: function.sig.receiver().is_some(),
            params: params.into_iter().collect::<Option<_>>()?,
            output: output?,
            output_place,
        })
    }

    fn param(self, input: &syn::FnArg) -> Option<Param> {
        match input {
            syn::FnArg::Receiver(receiver) => self.receiver(receiver),
            syn::FnArg::Typed(typed) => {
                let (ty, in_place) = match &*typed.ty {
                    Type::Reference(reference) => (&*reference.elem, reference.mutability.is_some()),
                    ty => (ty, false),
                };
                let (pattern, ty) = ((*typed.pat).clone(), self.resolve(ty)?);
                let access = self.access(&typed.attrs, in_place, &ty)?;
                Some(Param { pattern, ty, access, place: Place::of(&typed.ty) })
            }
        }
    }

    /// How a parameter of type `ty` with these attributes is taken.
    fn access(self, attrs: &[Attribute], in_place: bool, ty: &Ty) -> Option<Access> {
        let fail = |attribute: &Attribute, message: Message| {
            self.errors.report(Place::of(attribute), message);
            None
        };
        let is_lint = |attribute: &&Attribute| LINTS.iter().any(|lint| attribute.path().is_ident(lint));
        let Some(attribute) = attrs.iter().find(|attribute| !is_lint(attribute)) else {
            return Some(if in_place { Access::InPlace } else { Access::Read });
        };
        match &attribute.meta {
            syn::Meta::Path(path) if !path.is_ident("constant") => fail(attribute, messages::parameter_attribute()),
            syn::Meta::Path(_) if in_place => fail(attribute, messages::constant_in_place()),
            syn::Meta::Path(_) if !ty.has_tensors() => fail(attribute, messages::constant_number()),
            syn::Meta::Path(_) => Some(Access::Constant),
            _ => fail(attribute, messages::parameter_attribute()),
        }
    }

    fn receiver(self, receiver: &syn::Receiver) -> Option<Param> {
        let Some(owner) = self.owner else {
            self.errors.report(Place::of(receiver), messages::receiver_outside());
            return None;
        };
        let in_place = receiver.reference.is_some() && receiver.mutability.is_some();
        let pattern = syn::PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: receiver.mutability.filter(|_| receiver.reference.is_none()),
            ident: proc_macro2::Ident::new("self", receiver.self_token.span),
            subpat: None,
        };
        Some(Param {
            pattern: Pat::Ident(pattern),
            ty: owner.clone(),
            access: self.access(&receiver.attrs, in_place, owner)?,
            place: Place::of(receiver),
        })
    }

    pub(super) fn resolve(self, ty: &Type) -> Option<Ty> {
        match ty {
            Type::Path(path) if path.qself.is_none() => self.path(ty, &path.path),
            Type::Tuple(tuple) => {
                let parts: Vec<_> = tuple.elems.iter().map(|part| self.resolve(part)).collect();
                parts.into_iter().collect::<Option<_>>().map(Ty::Tuple)
            }
            Type::Array(array) => Some(Ty::Array(Box::new(self.resolve(&array.elem)?), Box::new(array.len.clone()))),
            Type::Paren(inner) => self.resolve(&inner.elem),
            Type::Group(inner) => self.resolve(&inner.elem),
            Type::Reference(inner) if inner.mutability.is_none() => self.resolve(&inner.elem),
            Type::ImplTrait(_) => Some(Ty::Function),
            Type::Infer(_) => Some(Ty::Any),
            _ => self.reject(ty, messages::unsupported_type(ty)),
        }
    }

    fn reject(self, at: &impl quote::ToTokens, message: Message) -> Option<Ty> {
        self.errors.report(Place::of(at), message);
        None
    }

    fn path(self, ty: &Type, path: &syn::Path) -> Option<Ty> {
        let arguments = &path.segments.last()?.arguments;
        let name = path_name(path.segments.iter())?;
        if let Some(index) = self.block.structs.iter().position(|item| item.name() == name) {
            return self.struct_type(ty, index, arguments);
        }
        match (&*name, dtype_named(&name)) {
            ("Tensor", _) => self.tensor(ty, arguments),
            ("Self", _) => self.owner.cloned().or_else(|| self.reject(ty, messages::self_outside())),
            ("Option", _) => self.optional(ty, arguments),
            ("usize", _) => Some(Ty::Size),
            (_, Some(dtype)) => Some(Ty::Scalar(dtype)),
            _ => self.reject(ty, self.unknown(&name)),
        }
    }

    fn unknown(self, name: &str) -> Message {
        let own = self.block.structs.iter().map(|item| item.name());
        let others = ["Tensor", "usize"].map(String::from).into_iter().chain(dtypes());
        let known: Vec<String> = own.chain(others).chain(library::structs()).collect();
        let in_module = known.iter().find(|known| known.ends_with(&format!("::{name}"))).cloned();
        messages::unknown_type(name, in_module.or_else(|| closest(name, known.iter().map(String::as_str))))
    }

    fn optional(self, ty: &Type, arguments: &PathArguments) -> Option<Ty> {
        let PathArguments::AngleBracketed(arguments) = arguments else {
            return self.reject(ty, messages::unsupported_type(ty));
        };
        match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => self.resolve(inner).map(Box::new).map(Ty::Optional),
            _ => self.reject(ty, messages::unsupported_type(ty)),
        }
    }

    fn struct_type(self, ty: &Type, index: usize, arguments: &PathArguments) -> Option<Ty> {
        let (mut args, item) = (generic_exprs(arguments), &self.block.structs[index]);
        let wanted = item.generics.iter().filter(|generic| generic.default.is_none()).count()..=item.generics.len();
        if !wanted.contains(&args.len()) {
            return self.reject(ty, messages::struct_arguments(&item.name(), &wanted, args.len()));
        }
        for generic in &item.generics[args.len()..] {
            let default = generic.default.as_ref().map(|default| substituted(default, &item.generics, &args));
            args.extend(default);
        }
        Some(Ty::Struct { index, args })
    }

    fn tensor(self, ty: &Type, arguments: &PathArguments) -> Option<Ty> {
        let PathArguments::AngleBracketed(arguments) = arguments else {
            return self.reject(ty, messages::tensor_without_dtype());
        };
        let mut arguments = arguments.args.iter();
        let dtype = self.element(ty, arguments.next());
        let dims: Vec<_> = arguments.map(|argument| self.size(argument)).collect();
        if dims.len() > MAX_RANK {
            return self.reject(ty, messages::rank_limit(dims.len()));
        }
        Some(Ty::Tensor { dtype: dtype?, dims: dims.into_iter().collect::<Option<_>>()? })
    }

    fn element(self, ty: &Type, argument: Option<&GenericArgument>) -> Option<DType> {
        let Some(argument) = argument else {
            self.errors.report(Place::of(ty), messages::tensor_without_dtype());
            return None;
        };
        let name = quote::quote!(#argument).to_string();
        let dtype = dtype_named(&name);
        if dtype.is_none() {
            let known: Vec<String> = dtypes().collect();
            let close = closest(&name, known.iter().map(String::as_str));
            self.errors.report(Place::of(argument), messages::unknown_dtype(&name, close));
        }
        dtype
    }

    fn size(self, argument: &GenericArgument) -> Option<Expr> {
        let size = generic_expr(argument);
        if size.is_none() {
            self.errors.report(Place::of(argument), messages::not_a_size(argument));
        }
        size
    }
}

/// A default, which may be an earlier parameter.
fn substituted(default: &Expr, generics: &[Generic], args: &[Expr]) -> Expr {
    let names = |generic: &Generic| matches!(default, Expr::Path(path) if path.path.is_ident(&generic.ident));
    let earlier = generics.iter().position(names).and_then(|at| args.get(at));
    earlier.unwrap_or(default).clone()
}
