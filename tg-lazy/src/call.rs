//! Calling tensor methods: the same functions that the macro calls, on nodes of the world's graph.

use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;

use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Id, Uop};
use tg_core::tensor::{self, Argument, Method};

use crate::error::{Error, ErrorKind, Result};
use crate::record::Recorder;
use crate::tensor::Tensor;
use crate::value::{Value, Values};
use crate::world::{self, About, Handle, World};

/// Bytes of the key of a usual call.
const KEY_BYTES: usize = 64;

/// Calls the tensor method or function `name`: for a method, the first argument is the tensor it is called on. The methods of
/// [`Tensor`] and the functions of this crate are these calls.
///
/// # Errors
/// [`ErrorKind::Unknown`], [`ErrorKind::Call`], [`ErrorKind::Devices`], [`ErrorKind::Dim`]; the error that an argument holds.
#[track_caller]
pub fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    let at = Location::caller();
    let method = tensor::find(name).ok_or_else(|| {
        Error::at(ErrorKind::Unknown { name: name.to_owned(), suggestion: tensor::suggest(name) }, at)
    })?;
    call_at(method, arguments, at)
}

/// [`call`] of a method whose result is a tensor, as one that holds the error if there is one.
#[track_caller]
pub(crate) fn tensor(name: &str, arguments: &[Value]) -> Tensor {
    match call(name, arguments) {
        Ok(Value::Tensor(tensor)) => tensor,
        Ok(_) => Error::new(ErrorKind::Internal(format!("`{name}` gives no tensor"))).into(),
        Err(error) => error.into(),
    }
}

/// [`tensor`] with the optional arguments in their order.
#[track_caller]
pub(crate) fn tensor_with(name: &str, mut arguments: Vec<Value>, optional: Values) -> Tensor {
    arguments.extend(optional.0);
    tensor(name, &arguments)
}

fn call_at(method: &Method, arguments: &[Value], at: &'static Location<'static>) -> Result<Value> {
    let mut handles = Vec::with_capacity(arguments.len());
    arguments.iter().try_for_each(|argument| collect(argument, &mut handles))?;
    let origin = Origin::of(method.name, handles).map_err(|kind| Error::at(kind, at))?;
    let mut world = world::lock();
    world.sweep();
    let nodes: Vec<Id> = origin.parents.iter().map(|parent| world.node(parent)).collect();
    let key = key(method, arguments, &nodes);
    if let Some(node) = world.calls.get(&key) {
        return Ok(Value::Tensor(origin.tensor(node, &mut world)));
    }
    let made = made(method, arguments, &nodes, world.graph()).map_err(|error| Error::at(ErrorKind::Call(error), at))?;
    if let Made::Tensor(node) = made {
        world.calls.insert(&key, node, 0);
    }
    origin.value(made, &mut world).map_err(|kind| Error::at(kind, at))
}

/// The tensors among the arguments.
fn collect(argument: &Value, handles: &mut Vec<Arc<Handle>>) -> Result<()> {
    match argument {
        Value::Tensor(tensor) => handles.push(tensor.handle()?),
        Value::List(items) => items.iter().try_for_each(|item| collect(item, handles))?,
        _ => {}
    }
    Ok(())
}

/// Where the results of a call come from, and what follows for them.
#[derive(Clone)]
pub(crate) struct Origin {
    parents: Vec<Arc<Handle>>,
    device: crate::Device,
    placed: bool,
    dims: Box<[(Var, i64)]>,
    pub tracked: bool,
    captured: bool,
}

impl Origin {
    pub fn of(method: &'static str, parents: Vec<Arc<Handle>>) -> std::result::Result<Origin, ErrorKind> {
        let mut placed = parents.iter().filter(|parent| parent.placed);
        let first = placed.next();
        let device = first.map_or(crate::Device::CPU, |first| first.device);
        if let Some(other) = placed.find(|parent| parent.device != device) {
            let (first, second) = (device.to_string(), other.device.to_string());
            return Err(ErrorKind::Devices { method, first, second });
        }
        let dims = merged(parents.iter().map(|parent| &*parent.dims))?;
        let tracked = method != "detach" && parents.iter().any(|parent| parent.tracked);
        let captured = parents.iter().any(|parent| parent.captured);
        let placed = first.is_some();
        Ok(Origin { parents, device, placed, dims, tracked, captured })
    }

    /// The tensor computed by `node`.
    pub fn tensor(self, node: Id, world: &mut World) -> Tensor {
        let uop = world.graph().get(node);
        let (dtype, shape) = (uop.dtype(), uop.shape().into());
        let Origin { parents, device, placed, dims, tracked, captured } = self;
        world.computed(node, parents, About { dtype, shape, device, placed, dims, tracked, captured }).into()
    }

    fn value(self, made: Made, world: &mut World) -> std::result::Result<Value, ErrorKind> {
        Ok(match made {
            Made::Tensor(node) => Value::Tensor(self.tensor(node, world)),
            Made::Int(value) => Value::Int(value),
            Made::Dim(size) => Value::Int(self.number(&size)?),
            Made::DType(value) => Value::DType(value),
            Made::List(items) => {
                let items = items.into_iter().map(|item| self.clone().value(item, world));
                Value::List(items.collect::<std::result::Result<_, _>>()?)
            }
            Made::None => Value::None,
        })
    }

    /// A size as a number, which in a function that is being captured has to be the same in each call.
    fn number(&self, size: &Dim) -> std::result::Result<i64, ErrorKind> {
        match size.vars().first() {
            Some(dim) if self.captured => Err(ErrorKind::Varies { dim: dim.name.to_string() }),
            _ => {
                let known = |var: &Var| self.dims.iter().find(|(other, _)| other == var);
                Ok(size.eval(&|var| known(var).map_or(var.min, |(_, value)| *value)))
            }
        }
    }
}

/// The dimensions of several tensors, each with its one value.
pub(crate) fn merged<'d>(
    all: impl Iterator<Item = &'d [(Var, i64)]>,
) -> std::result::Result<Box<[(Var, i64)]>, ErrorKind> {
    let mut dims: Vec<(Var, i64)> = vec![];
    for (var, value) in all.flatten() {
        match dims.iter().find(|(known, _)| known == var) {
            None => dims.push((var.clone(), *value)),
            Some((_, known)) if known == value => {}
            Some((_, known)) => return Err(ErrorKind::Dim { name: var.name.to_string(), values: (*known, *value) }),
        }
    }
    Ok(dims.into())
}

/// What makes a call itself: equal keys, equal results. `nodes` are those of the tensors among the arguments, in order.
fn key(method: &Method, arguments: &[Value], nodes: &[Id]) -> Vec<u8> {
    let mut key = Vec::with_capacity(KEY_BYTES);
    let recorder = &mut Recorder(&mut key);
    std::ptr::from_ref(method).addr().hash(recorder);
    nodes.hash(recorder);
    arguments.iter().for_each(|argument| record(argument, recorder));
    key
}

/// Records an argument but for the nodes of its tensors.
fn record(argument: &Value, recorder: &mut Recorder) {
    std::mem::discriminant(argument).hash(recorder);
    match argument {
        Value::Tensor(_) | Value::None => {}
        Value::Int(value) => value.hash(recorder),
        Value::Float(value) => value.to_bits().hash(recorder),
        Value::Bool(value) => value.hash(recorder),
        Value::DType(value) => value.hash(recorder),
        Value::Range(first, last) => (first, last).hash(recorder),
        Value::List(items) => {
            items.len().hash(recorder);
            items.iter().for_each(|item| record(item, recorder));
        }
    }
}

/// What `method` makes of arguments, the tensors of which are `nodes`, in order.
fn made(method: &Method, arguments: &[Value], nodes: &[Id], graph: &Graph) -> std::result::Result<Made, tensor::Error> {
    let mut nodes = nodes.iter().map(|node| graph.get(*node));
    let given: Vec<Argument> = arguments.iter().map(|value| argument(value, &mut nodes)).collect();
    (method.call)(graph, &given).map(Made::of)
}

/// A value as an argument, whose tensors are the next ones of `nodes`.
fn argument<'g>(value: &Value, nodes: &mut impl Iterator<Item = Uop<'g>>) -> Argument<'g> {
    let end = |end: Option<i64>| end.map(|end| Box::new(Argument::Int(end)));
    match value {
        Value::Tensor(_) => nodes.next().map_or(Argument::None, Argument::Tensor),
        Value::List(items) => Argument::List(items.iter().map(|item| argument(item, nodes)).collect()),
        Value::Int(value) => Argument::Int(*value),
        Value::Float(value) => Argument::Float(*value),
        Value::Bool(value) => Argument::Bool(*value),
        Value::DType(value) => Argument::DType(*value),
        Value::Range(first, last) => Argument::Range(end(*first), end(*last)),
        Value::None => Argument::None,
    }
}

/// What a method has made, without the graph.
enum Made {
    Tensor(Id),
    Int(i64),
    Dim(Dim),
    DType(DType),
    List(Vec<Made>),
    None,
}

impl Made {
    fn of(result: Argument) -> Made {
        match result {
            Argument::Tensor(node) => Made::Tensor(node.id()),
            Argument::Int(value) => Made::Int(value),
            Argument::Dim(size) => Made::Dim(size),
            Argument::DType(value) => Made::DType(value),
            Argument::List(items) => Made::List(items.into_iter().map(Made::of).collect()),
            _ => Made::None,
        }
    }
}
