//! Compiled functions: their parameters as buffers, their bodies as graphs, their types as Rust sees them.
//!
//! A function that needs something known at compile time from its caller is a template: it is checked where it is
//! called, and never traced by itself.

mod leaf;

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, Pat};
use tg_core::compile::Function as Traced;
use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Uop};
use tg_core::tensor::is_addressable;

use crate::diagnostic::{Diagnostics, Place, name_of};
use crate::evaluate::{Binding, Evaluator, Frame, MAX_ITERATIONS, StructValue, Value};
use crate::messages;
use crate::syntax::{Generic, GenericKind};
use crate::types::{Access, Checked, Signature, Ty};
pub use leaf::{Leaf, member, result_leaves};

/// Most run-time dimensions of one function: what a call can carry.
const MAX_DIMS: usize = 8;

/// A size as the Rust type says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Size {
    /// `Const<784>`.
    Known(i64),
    /// A generic parameter of the Rust item.
    Generic(Ident),
    /// Known at run time only: `Dyn`.
    Open,
}

/// A type with its sizes evaluated.
#[derive(Clone, Debug)]
pub enum Concrete {
    /// A tensor, with its shape in the graph and in Rust.
    Tensor(DType, Vec<(Dim, Size)>),
    /// A number.
    Scalar(DType),
    /// A struct of the block: which, its constant arguments, its fields.
    Struct(usize, Vec<i64>, Vec<(String, Concrete)>),
    /// A tuple.
    Tuple(Vec<Concrete>),
    /// An array.
    Array(Vec<Concrete>),
}

/// A parameter of the Rust function.
#[derive(Debug)]
pub struct Argument {
    /// Its name; `self` for the receiver.
    pub ident: Ident,
    /// Its type; `None` if that has an error.
    pub ty: Option<Concrete>,
    /// Whether it is changed in place.
    pub access: Access,
}

/// A function to be compiled, with what Rust needs to know of it.
#[derive(Debug)]
pub struct Entry<'g> {
    /// Which function of the block.
    pub at: usize,
    /// Its run-time dimensions.
    pub dims: Vec<Ident>,
    /// Parameters, `self` included.
    pub arguments: Vec<Argument>,
    /// Its result; `None` if its type has an error.
    pub output: Option<Concrete>,
    /// All tensors and scalars of the parameters, in order.
    pub inputs: Vec<Leaf>,
    /// The functions of the block that it calls.
    pub called: BTreeSet<usize>,
    /// The graph; `None` if the body has an error.
    pub traced: Option<Traced<'g>>,
}

/// Runs the body of function `at` on symbolic arguments.
pub fn trace<'g>(code: &Checked, at: usize, graph: &'g Graph, errors: &Diagnostics) -> Option<Entry<'g>> {
    let signature = code.signatures[at].as_ref()?;
    let mut tracer = Tracer { evaluator: Evaluator::new(code, graph, errors), leaves: Vec::new(), buffers: Vec::new() };
    let before = errors.count();
    let dims = tracer.open(at, signature);
    let arguments = tracer.arguments(signature);
    let output = tracer.concrete(&signature.output, signature.output_place);
    tracer.check_dims(signature);
    let mut entry =
        Entry { at, dims, arguments, output, inputs: tracer.leaves.clone(), called: BTreeSet::new(), traced: None };
    if errors.count() == before {
        entry.traced = tracer.run(at, signature, &mut entry.output);
    }
    entry.called = tracer.evaluator.called;
    Some(entry)
}

struct Tracer<'a, 'g> {
    evaluator: Evaluator<'a, 'g>,
    leaves: Vec<Leaf>,
    buffers: Vec<Uop<'g>>,
}

impl<'g> Tracer<'_, 'g> {
    /// The frame of the function, with its run-time dimensions as variables.
    fn open(&mut self, at: usize, signature: &Signature) -> Vec<Ident> {
        let owner = self.evaluator.code.block.functions[at].owner;
        self.evaluator.frames = vec![Frame { function: Some(at), owner, ..Frame::default() }];
        let mut dims = Vec::new();
        for Generic { ident, kind, .. } in &signature.generics {
            let GenericKind::Dim(bounds) = kind else { continue };
            let (min, max) = self.evaluator.dim_bounds(bounds).unwrap_or((1, 1));
            let value = Value::Dim(Dim::from(Var::new(&name_of(ident), min, max)));
            self.evaluator.frame().bind(Binding::constant(&name_of(ident), value));
            dims.push(ident.clone());
        }
        dims
    }

    /// Binds each parameter to new buffers.
    fn arguments(&mut self, signature: &Signature) -> Vec<Argument> {
        let mut arguments = Vec::new();
        let mut values = Vec::new();
        for param in &signature.params {
            let Pat::Ident(pattern) = &param.pattern else {
                self.evaluator.errors.report(Place::of(&param.pattern), messages::parameter_pattern());
                continue;
            };
            let ident = pattern.ident.clone();
            let ty = self.concrete(&param.ty, param.place);
            let leaf = Leaf {
                name: name_of(&ident),
                access: ident.to_token_stream(),
                ty: Concrete::Tuple(Vec::new()),
                taken: param.access,
            };
            let value = ty.as_ref().map_or(Value::Poison, |ty| self.instantiate(ty, &leaf));
            values.push((param, value));
            arguments.push(Argument { ident, ty, access: param.access });
        }
        for (param, value) in values {
            drop(self.evaluator.bind_param(param, value));
        }
        arguments
    }

    /// A value of type `ty` whose tensors are new buffers.
    fn instantiate(&mut self, ty: &Concrete, at: &Leaf) -> Value<'g> {
        let inner = |name: &dyn std::fmt::Display, member: TokenStream| {
            let access = &at.access;
            Leaf { name: format!("{}.{name}", at.name), access: quote!(#access #member), ..at.clone() }
        };
        let at_index = |i: usize| {
            let index = syn::Index::from(i);
            (index.clone(), quote!(.#index), quote!([#index]))
        };
        match ty {
            Concrete::Tensor(dtype, dims) => {
                let shape = dims.iter().map(|(dim, _)| dim.clone()).collect();
                self.buffer(*dtype, shape, Leaf { ty: ty.clone(), ..at.clone() })
            }
            Concrete::Scalar(dtype) => self.buffer(*dtype, Vec::new(), Leaf { ty: ty.clone(), ..at.clone() }),
            Concrete::Struct(index, args, fields) => {
                let field = |(name, ty): &(String, Concrete)| {
                    let member = member(name);
                    (name.clone(), self.instantiate(ty, &inner(name, quote!(.#member))))
                };
                let fields = fields.iter().map(field).collect();
                let args = args.iter().map(|arg| Value::Int(*arg)).collect();
                let (name, buffers) = self.evaluator.code.struct_identity(*index);
                Value::Struct(Box::new(StructValue { index: *index, name, args, fields, buffers }))
            }
            Concrete::Tuple(parts) => {
                let part = |(i, ty)| self.instantiate(ty, &inner(&i, at_index(i).1));
                Value::Tuple(parts.iter().enumerate().map(part).collect())
            }
            Concrete::Array(parts) => {
                let part = |(i, ty)| self.instantiate(ty, &inner(&i, at_index(i).2));
                Value::Array(parts.iter().enumerate().map(part).collect())
            }
        }
    }

    fn buffer(&mut self, dtype: DType, shape: Vec<Dim>, leaf: Leaf) -> Value<'g> {
        let buffer = self.evaluator.graph.buffer(dtype, shape);
        self.buffers.push(buffer);
        self.leaves.push(leaf);
        Value::Tensor(buffer)
    }

    /// A type with its sizes evaluated; errors are reported.
    fn concrete(&mut self, ty: &Ty, place: Place) -> Option<Concrete> {
        concrete(&mut self.evaluator, ty, place)
    }

    /// Every run-time dimension is a size of some parameter.
    fn check_dims(&mut self, signature: &Signature) {
        let dims: Vec<&Ident> = signature.generics.iter().map(|generic| &generic.ident).collect();
        let sizes = |leaf: &Leaf| match &leaf.ty {
            Concrete::Tensor(_, dims) => dims.iter().map(|(_, size)| size.clone()).collect(),
            _ => Vec::new(),
        };
        let sizes: Vec<Size> = self.leaves.iter().flat_map(sizes).collect();
        for dim in &dims {
            if !sizes.contains(&Size::Generic((*dim).clone())) {
                self.evaluator.errors.report(Place::of(dim), messages::unused_dim(&name_of(dim)));
            }
        }
        if let Some(dim) = dims.get(MAX_DIMS) {
            self.evaluator.errors.report(Place::of(dim), messages::dim_limit(MAX_DIMS));
        }
    }

    /// The graph of the body, if it has no error. An output type that was left open becomes known.
    fn run(&mut self, at: usize, signature: &Signature, output: &mut Option<Concrete>) -> Option<Traced<'g>> {
        let value = self.evaluator.body(at, signature).ok()?;
        let updates = self.updates(signature)?;
        if value.is_poison() {
            return None;
        }
        if matches!(signature.output, Ty::Any) {
            *output = self.inferred(&value, signature.output_place);
        }
        let mut outputs = Vec::new();
        for (leaf, value) in result_leaves(output.as_ref()?, &quote!(out)).iter().zip(value.leaves()) {
            let (Concrete::Tensor(dtype, _) | Concrete::Scalar(dtype)) = leaf.ty else { return None };
            outputs.push((leaf.name.clone(), value.to_tensor(self.evaluator.graph, dtype)?));
        }
        let inputs = self.leaves.iter().map(|leaf| leaf.name.clone()).zip(self.buffers.iter().copied()).collect();
        let numbers = self.leaves.iter().filter(|leaf| matches!(leaf.ty, Concrete::Scalar(_)));
        let scalars = numbers.map(|leaf| leaf.name.clone()).collect();
        let constants = self.leaves.iter().filter(|leaf| leaf.is_constant()).map(|leaf| leaf.name.clone()).collect();
        let name = self.evaluator.function_name(at).replace("::", "_");
        Some(Traced { name, inputs, scalars, constants, updates, outputs })
    }

    /// Buffers that hold another value after the call.
    fn updates(&mut self, signature: &Signature) -> Option<Vec<(Uop<'g>, Uop<'g>)>> {
        let mut after = Vec::new();
        for param in signature.params.iter().filter(|param| param.access == Access::InPlace) {
            let value = self.evaluator.final_value(&param.pattern)?;
            for leaf in value.leaves() {
                match leaf {
                    Value::Tensor(x) => after.push(*x),
                    _ => return None,
                }
            }
        }
        let before = self
            .leaves
            .iter()
            .zip(&self.buffers)
            .filter(|(leaf, _)| leaf.taken == Access::InPlace)
            .map(|(_, buffer)| *buffer);
        Some(before.zip(after).filter(|(before, after)| before != after).collect())
    }

    /// The type of a result whose type is not declared.
    fn inferred(&self, value: &Value<'g>, place: Place) -> Option<Concrete> {
        let part = |part: &Value<'g>| self.inferred(part, place);
        match value {
            Value::Tensor(x) => {
                let size = |dim: &Dim| (dim.clone(), dim.known().map_or(Size::Open, Size::Known));
                Some(Concrete::Tensor(x.dtype(), x.shape().iter().map(size).collect()))
            }
            Value::Tuple(parts) => parts.iter().map(part).collect::<Option<_>>().map(Concrete::Tuple),
            Value::Array(parts) => parts.iter().map(part).collect::<Option<_>>().map(Concrete::Array),
            other => {
                self.evaluator.errors.report(place, messages::template_output(&other.describe()));
                None
            }
        }
    }
}

/// A type with its sizes evaluated in the innermost frame; errors are reported.
pub fn concrete(evaluator: &mut Evaluator, ty: &Ty, place: Place) -> Option<Concrete> {
    match ty {
        Ty::Tensor { dtype, dims } => {
            let sizes: Vec<_> = dims.iter().map(|dim| size(evaluator, dim)).collect();
            let sizes = sizes.into_iter().collect::<Option<Vec<_>>>()?;
            let shape: Vec<Dim> = sizes.iter().map(|(dim, _)| dim.clone()).collect();
            if !is_addressable(*dtype, &shape) {
                evaluator.errors.report(Place::of(&quote!(#(#dims)*)), messages::huge_type(*dtype, &shape));
                return None;
            }
            Some(Concrete::Tensor(*dtype, sizes))
        }
        Ty::Scalar(dtype) => Some(Concrete::Scalar(*dtype)),
        Ty::Tuple(types) => {
            let parts: Vec<_> = types.iter().map(|ty| concrete(evaluator, ty, place)).collect();
            parts.into_iter().collect::<Option<_>>().map(Concrete::Tuple)
        }
        Ty::Array(element, length) => {
            let length = size(evaluator, length)?.0.known()?;
            let element = concrete(evaluator, element, place)?;
            Some(Concrete::Array(vec![element; usize::try_from(length).ok().filter(|n| *n <= MAX_ITERATIONS)?]))
        }
        Ty::Struct { index, args } => concrete_struct(evaluator, *index, args, place),
        Ty::Any => None,
        Ty::Size | Ty::Optional(_) | Ty::Function => {
            let text = evaluator.describe_type(ty);
            evaluator.errors.report(place, messages::template_output(&text));
            None
        }
    }
}

fn concrete_struct(evaluator: &mut Evaluator, index: usize, args: &[Expr], place: Place) -> Option<Concrete> {
    let args: Vec<_> = args.iter().map(|arg| constant(evaluator, arg).and_then(|(dim, _)| dim.known())).collect();
    let args: Vec<i64> = args.into_iter().collect::<Option<_>>()?;
    let code = evaluator.code;
    let mut frame = Frame::default();
    for (generic, value) in code.block.structs[index].generics.iter().zip(&args) {
        frame.bind(Binding::constant(&name_of(&generic.ident), Value::Int(*value)));
    }
    evaluator.frames.push(frame);
    let declared = code.fields[index].as_ref();
    let field = |(name, ty): &(String, Ty)| concrete(evaluator, ty, place).map(|ty| (name.clone(), ty));
    let fields: Option<Vec<_>> = declared.map(|fields| fields.iter().map(field).collect()).unwrap_or_default();
    evaluator.frames.pop();
    Some(Concrete::Struct(index, args, fields?))
}

/// A size in a tensor type, as the graph and as Rust know it.
pub fn size(evaluator: &mut Evaluator, expr: &Expr) -> Option<(Dim, Size)> {
    Some(sized(evaluator.tensor_size(expr).ok()?, expr))
}

/// A constant argument of a struct, which may be 0.
pub fn constant(evaluator: &mut Evaluator, expr: &Expr) -> Option<(Dim, Size)> {
    Some(sized(evaluator.size(expr).ok()?, expr))
}

fn sized(dim: Dim, expr: &Expr) -> (Dim, Size) {
    let name = match expr {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    };
    let size = match (dim.known(), name) {
        (Some(value), _) => Size::Known(value),
        (None, Some(name)) => Size::Generic(name),
        (None, None) => Size::Open,
    };
    (dim, size)
}
