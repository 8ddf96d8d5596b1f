//! Types of signatures: what a parameter, a field or a result may be, with the names in it resolved.
//!
//! Sizes stay expressions: what `N * 2` is depends on the call. Nothing is evaluated here.

mod resolver;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Pat, Type};
use tg_core::dtype::{DType, Scalar};

use crate::diagnostic::{Diagnostics, Place, name_of};
use crate::messages;
use crate::syntax::{Block, Function, Generic, GenericKind};
use resolver::Resolver;

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
    /// `Option<A>`: an argument that may be `None`, and left out at the end of a call.
    Optional(Box<Ty>),
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
            Ty::Size | Ty::Optional(_) | Ty::Function | Ty::Any => false,
        }
    }

    /// Whether there are tensors in it.
    fn has_tensors(&self) -> bool {
        match self {
            Ty::Tensor { .. } | Ty::Struct { .. } => true,
            Ty::Tuple(parts) => parts.iter().any(Ty::has_tensors),
            Ty::Array(element, _) | Ty::Optional(element) => element.has_tensors(),
            Ty::Scalar(_) | Ty::Size | Ty::Function | Ty::Any => false,
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
    /// The same, and most likely what it was at the call before: `#[constant]`.
    Constant,
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

    /// The struct called `name`, one of the library with its module.
    pub fn find_struct(&self, name: &str) -> Option<usize> {
        self.block.structs.iter().position(|item| item.name() == name)
    }

    /// The name of struct `index`, one of the library with its module.
    pub fn struct_name(&self, index: usize) -> String {
        self.block.structs[index].name()
    }

    /// Struct `index` in Rust: those of the library are in the facade.
    pub fn struct_path(&self, index: usize) -> TokenStream {
        let item = &self.block.structs[index];
        let (ident, module) = (&item.ident, item.module.map(|module| format_ident!("{module}")));
        module.map_or(ident.to_token_stream(), |module| quote!(::tg::#module::#ident))
    }

    /// What every value of struct `index` knows of it: its name, and which of its fields are buffers.
    pub fn struct_identity(&self, index: usize) -> (String, Vec<bool>) {
        (self.struct_name(index), self.block.structs[index].buffers())
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
