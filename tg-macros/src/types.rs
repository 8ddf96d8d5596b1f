//! Types of signatures: what a parameter, a field or a result may be, with the names in it resolved.
//!
//! Sizes stay expressions: what `N * 2` is depends on the call. Nothing is evaluated here.

use syn::{Expr, GenericArgument, Pat, PathArguments, Type};
use tg_core::dtype::{DType, Scalar};

use crate::diagnostic::{Diagnostics, Message, Place, closest, name_of};
use crate::messages;
use crate::syntax::{Block, Function, Generic, GenericKind, generic_expr, generic_exprs};

/// Most dimensions of a tensor type: what shapes at run time have.
pub const MAX_RANK: usize = 6;

/// A resolved type.
#[derive(Clone, Debug)]
pub enum Ty {
    /// `Tensor<f32, N, 784>`.
    Tensor {
        /// Its elements.
        dtype: DType,
        /// Its sizes.
        dims: Vec<Expr>,
    },
    /// `f32`, `bool`, …: at run time, or a number known at compile time.
    Scalar(DType),
    /// `usize`: a number known at compile time.
    Size,
    /// A struct of the block.
    Struct {
        /// Which.
        index: usize,
        /// Its constant arguments.
        args: Vec<Expr>,
    },
    /// `(A, B)`; `()` has none.
    Tuple(Vec<Ty>),
    /// `[A; 3]`.
    Array(Box<Ty>, Box<Expr>),
    /// `impl Fn(…) -> …`.
    Function,
    /// `_`.
    Any,
}

impl Ty {
    /// Whether values of this type exist at run time, so that compiled functions can take and return them.
    pub fn is_runtime(&self) -> bool {
        match self {
            Ty::Tensor { .. } | Ty::Scalar(_) | Ty::Struct { .. } => true,
            Ty::Tuple(parts) => parts.iter().all(Ty::is_runtime),
            Ty::Array(element, _) => element.is_runtime(),
            Ty::Size | Ty::Function | Ty::Any => false,
        }
    }

    /// Whether a struct can have a field of this type: one that files can hold.
    fn is_field(&self) -> bool {
        match self {
            Ty::Tensor { .. } | Ty::Struct { .. } => true,
            Ty::Tuple(parts) => parts.iter().all(Ty::is_field),
            Ty::Array(element, _) => element.is_field(),
            _ => false,
        }
    }
}

/// How `self` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only: by value or `&`.
    Read,
    /// `&mut`: changed in place.
    InPlace,
}

/// A parameter, `self` included.
#[derive(Clone, Debug)]
pub struct Param {
    /// The pattern it is bound to.
    pub pattern: Pat,
    /// Its type, without the reference.
    pub ty: Ty,
    /// Whether it is changed in place.
    pub access: Access,
    /// Where its type stands.
    pub place: Place,
}

/// A signature with its names resolved.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Generic parameters: of the `impl`, then its own.
    pub generics: Vec<Generic>,
    /// How many of `generics` are the function's own.
    pub own_generics: usize,
    /// Whether the first parameter is `self`.
    pub is_method: bool,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// The result.
    pub output: Ty,
    /// Where the result type stands; the name if there is none.
    pub output_place: Place,
}

/// A block whose types are resolved. `None` stands for what has an error, which has been reported.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The block.
    pub block: &'a Block,
    /// Fields of each struct: name and type.
    pub fields: Vec<Option<Vec<(String, Ty)>>>,
    /// The struct of each `impl`.
    pub owners: Vec<Option<Ty>>,
    /// The signature of each function.
    pub signatures: Vec<Option<Signature>>,
}

impl<'a> Checked<'a> {
    /// Resolves the types of a block; what is wrong goes to `errors`.
    pub fn new(block: &'a Block, errors: &Diagnostics) -> Checked<'a> {
        let resolver = Resolver { block, errors, owner: None };
        let mut fields: Vec<_> = block.structs.iter().map(|item| resolver.fields(&item.item)).collect();
        reject_cycles(block, &mut fields, errors);
        let owners: Vec<_> = block.impls.iter().map(|item| resolver.owner(&item.target)).collect();
        let signature = |function: &Function| {
            let owner = function.owner.map(|at| owners[at].as_ref());
            Resolver { owner: owner.flatten(), ..resolver }.signature(function)
        };
        let signatures = block.functions.iter().map(signature).collect();
        Checked { block, fields, owners, signatures }
    }

    /// The function `name` that belongs to the struct `owner`, or to none.
    pub fn function(&self, owner: Option<usize>, name: &str) -> Option<usize> {
        let owner_of = |function: &Function| function.owner.map(|at| self.owner_struct(at));
        let wanted = owner.map(Some);
        self.block.functions.iter().position(|f| owner_of(f) == wanted && f.name() == name)
    }

    /// The struct that `impl` number `at` is for.
    pub fn owner_struct(&self, at: usize) -> Option<usize> {
        match self.owners[at] {
            Some(Ty::Struct { index, .. }) => Some(index),
            _ => None,
        }
    }

    /// The struct called `name`.
    pub fn find_struct(&self, name: &str) -> Option<usize> {
        self.block.structs.iter().position(|item| name_of(&item.ident) == name)
    }

    /// The name of struct `index`.
    pub fn struct_name(&self, index: usize) -> String {
        name_of(&self.block.structs[index].ident)
    }

    /// The resolver for types inside function bodies.
    pub fn resolve(&self, ty: &Type, owner: Option<usize>, errors: &Diagnostics) -> Option<Ty> {
        let owner = owner.and_then(|at| self.owners[at].as_ref());
        Resolver { block: self.block, errors, owner }.resolve(ty)
    }
}

/// Empties the fields of structs that contain themselves.
fn reject_cycles(block: &Block, fields: &mut [Option<Vec<(String, Ty)>>], errors: &Diagnostics) {
    for start in 0..fields.len() {
        let (mut seen, mut stack) = (vec![false; fields.len()], vec![start]);
        while let Some(at) = stack.pop() {
            let inner = fields[at].iter().flatten().flat_map(|(_, ty)| structs_in(ty)).collect::<Vec<_>>();
            if inner.contains(&start) {
                let ident = &block.structs[start].ident;
                errors.report(Place::of(ident), messages::recursive_struct(&name_of(ident)));
                fields[start] = None;
                break;
            }
            stack.extend(inner.into_iter().filter(|&i| !std::mem::replace(&mut seen[i], true)));
        }
    }
}

fn structs_in(ty: &Ty) -> Vec<usize> {
    match ty {
        Ty::Struct { index, .. } => vec![*index],
        Ty::Tuple(parts) => parts.iter().flat_map(structs_in).collect(),
        Ty::Array(element, _) => structs_in(element),
        _ => Vec::new(),
    }
}

/// Reads the dtype that a name stands for, if tensors can hold it.
pub fn dtype_named(name: &str) -> Option<DType> {
    let scalar = Scalar::ALL.iter().find(|scalar| scalar.name() == name)?;
    (!matches!(scalar, Scalar::Index | Scalar::F8E4M3 | Scalar::F8E5M2)).then_some(DType::scalar(*scalar))
}

#[derive(Clone, Copy)]
struct Resolver<'a> {
    block: &'a Block,
    errors: &'a Diagnostics,
    owner: Option<&'a Ty>,
}

impl Resolver<'_> {
    fn fields(self, item: &syn::ItemStruct) -> Option<Vec<(String, Ty)>> {
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

    fn owner(self, target: &Type) -> Option<Ty> {
        match self.resolve(target)? {
            ty @ Ty::Struct { .. } => Some(ty),
            _ => {
                self.errors.report(Place::of(target), messages::impl_target());
                None
            }
        }
    }

    fn signature(self, function: &Function) -> Option<Signature> {
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
                let (ty, access) = match &*typed.ty {
                    Type::Reference(reference) => (&*reference.elem, access_of(reference.mutability.is_some())),
                    ty => (ty, Access::Read),
                };
                let pattern = (*typed.pat).clone();
                Some(Param { pattern, ty: self.resolve(ty)?, access, place: Place::of(&typed.ty) })
            }
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
            access: access_of(in_place),
            place: Place::of(receiver),
        })
    }

    fn resolve(self, ty: &Type) -> Option<Ty> {
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
        let segment = path.segments.last()?;
        let name = name_of(&segment.ident);
        if name == "Tensor" {
            return self.tensor(ty, &segment.arguments);
        }
        if name == "Self" {
            return self.owner.cloned().or_else(|| self.reject(ty, messages::self_outside()));
        }
        if let Some(index) = self.block.structs.iter().position(|item| item.ident == segment.ident) {
            return self.struct_type(ty, index, &segment.arguments);
        }
        match (&*name, dtype_named(&name)) {
            ("usize", _) => Some(Ty::Size),
            (_, Some(dtype)) => Some(Ty::Scalar(dtype)),
            _ => {
                let structs = self.block.structs.iter().map(|item| name_of(&item.ident));
                let known: Vec<String> = structs.chain(["Tensor", "usize"].map(String::from)).chain(dtypes()).collect();
                let close = closest(&name, known.iter().map(String::as_str));
                self.reject(ty, messages::unknown_type(&name, close))
            }
        }
    }

    fn struct_type(self, ty: &Type, index: usize, arguments: &PathArguments) -> Option<Ty> {
        let (args, wanted) = (generic_exprs(arguments), self.block.structs[index].generics.len());
        if args.len() != wanted {
            let name = name_of(&self.block.structs[index].ident);
            return self.reject(ty, messages::struct_arguments(&name, wanted, args.len()));
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

fn access_of(in_place: bool) -> Access {
    if in_place { Access::InPlace } else { Access::Read }
}

/// The names of all element types of tensors.
pub fn dtypes() -> impl Iterator<Item = String> {
    Scalar::ALL.iter().map(|scalar| scalar.name().to_owned()).filter(|name| dtype_named(name).is_some())
}

/// Whether a function is only a template: it needs something known at compile time from its caller.
pub fn is_template(signature: &Signature) -> bool {
    let constant = |generic: &Generic| matches!(generic.kind, GenericKind::Const);
    let result = matches!(signature.output, Ty::Any) || signature.output.is_runtime();
    !result || signature.generics.iter().any(constant) || signature.params.iter().any(|param| !param.ty.is_runtime())
}
