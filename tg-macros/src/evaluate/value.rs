//! What expressions evaluate to.

use std::convert::Infallible;
use std::rc::Rc;

use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::ir::{Graph, Uop};
use tg_core::tensor::Argument;

use crate::evaluate::scope::Binding;
use crate::messages::tensor_type;

/// A value at compile time; tensors are symbolic.
#[derive(Clone, Debug)]
pub enum Value<'g> {
    /// What an expression with an error evaluates to; whatever is made of it is poison too, silently.
    Poison,
    /// A generic parameter before the arguments of the call have been looked at.
    Unbound,
    /// A tensor.
    Tensor(Uop<'g>),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A size that depends on run-time dimensions.
    Dim(Dim),
    /// An element type.
    DType(DType),
    /// `(a, b)`; `()` is empty.
    Tuple(Vec<Value<'g>>),
    /// `[a, b]`.
    Array(Vec<Value<'g>>),
    /// A struct of the block.
    Struct(Box<StructValue<'g>>),
    /// `a..b`.
    Range(Option<Box<Value<'g>>>, Option<Box<Value<'g>>>),
    /// `None`: an argument of a tensor method left out.
    Nothing,
    /// `|x| …`.
    Closure(Rc<Closure<'g>>),
    /// A function of the block, as a value.
    Function(usize),
}

/// A struct and its fields.
#[derive(Clone, Debug)]
pub struct StructValue<'g> {
    /// Which struct of the block.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Values of its constant parameters.
    pub args: Vec<Value<'g>>,
    /// Fields in the order of the declaration.
    pub fields: Vec<(String, Value<'g>)>,
    /// Which of them are state rather than parameters: arithmetic and gradients leave these as they are.
    pub buffers: Vec<bool>,
}

/// A closure and what it sees.
#[derive(Debug)]
pub struct Closure<'g> {
    /// The expression.
    pub expr: syn::ExprClosure,
    /// The variables where it stands, as they were.
    pub captured: Vec<Binding<'g>>,
    /// The `impl` it stands in.
    pub owner: Option<usize>,
}

impl<'g> Value<'g> {
    /// `()`.
    pub fn unit() -> Value<'g> {
        Value::Tuple(Vec::new())
    }

    /// A size: an integer where it is known.
    pub fn size(dim: Dim) -> Value<'g> {
        dim.known().map_or_else(|| Value::Dim(dim.clone()), Value::Int)
    }

    /// The size this value is, if it is one.
    pub fn as_dim(&self) -> Option<Dim> {
        match self {
            Value::Int(v) => Some(Dim::from(*v)),
            Value::Dim(dim) => Some(dim.clone()),
            _ => None,
        }
    }

    /// Whether it is, or holds, what an error left.
    pub fn is_poison(&self) -> bool {
        match self {
            Value::Poison => true,
            Value::Tuple(parts) | Value::Array(parts) => parts.iter().any(Value::is_poison),
            Value::Struct(value) => value.fields.iter().any(|(_, field)| field.is_poison()),
            _ => false,
        }
    }

    /// The parts of a tuple, array or struct.
    pub fn parts(&self) -> Option<Vec<&Value<'g>>> {
        match self {
            Value::Tuple(parts) | Value::Array(parts) => Some(parts.iter().collect()),
            Value::Struct(value) => Some(value.fields.iter().map(|(_, field)| field).collect()),
            _ => None,
        }
    }

    /// The same tuple, array or struct with other parts; anything else becomes its only part.
    pub fn with_parts(&self, parts: Vec<Value<'g>>) -> Value<'g> {
        match self {
            Value::Tuple(_) => Value::Tuple(parts),
            Value::Array(_) => Value::Array(parts),
            Value::Struct(value) => {
                let names = value.fields.iter().map(|(name, _)| name.clone());
                let fields = names.zip(parts).collect();
                Value::Struct(Box::new(StructValue { fields, ..(**value).clone() }))
            }
            _ => parts.into_iter().next().unwrap_or(Value::Poison),
        }
    }

    /// Every value that is not a tuple, array or struct, in order.
    pub fn leaves(&self) -> Vec<&Value<'g>> {
        match self.parts() {
            Some(parts) => parts.into_iter().flat_map(Value::leaves).collect(),
            None => vec![self],
        }
    }

    /// Whether part `at` is a buffer of a struct.
    pub fn is_buffer(&self, at: usize) -> bool {
        matches!(self, Value::Struct(value) if value.buffers.get(at) == Some(&true))
    }

    /// The same with each part that is not a buffer replaced by `change` of its index and itself.
    pub fn map_parts<E>(
        &self,
        parts: Vec<&Value<'g>>,
        mut change: impl FnMut(usize, &Value<'g>) -> Result<Value<'g>, E>,
    ) -> Result<Value<'g>, E> {
        let parts = parts.into_iter().enumerate();
        let changed = parts.map(|(at, part)| if self.is_buffer(at) { Ok(part.clone()) } else { change(at, part) });
        Ok(self.with_parts(changed.collect::<Result<_, _>>()?))
    }

    /// Every leaf that is not within a buffer, in order.
    pub fn parameters(&self) -> Vec<&Value<'g>> {
        let Some(parts) = self.parts() else { return vec![self] };
        let parts = parts.into_iter().enumerate().filter(|(at, _)| !self.is_buffer(*at));
        parts.flat_map(|(_, part)| part.parameters()).collect()
    }

    /// How to get from this value to each of its parameters: `.w1`, `.0`, `[1]`.
    pub fn paths(&self) -> Vec<String> {
        let Some(parts) = self.parts() else { return vec![String::new()] };
        let step = |at: usize| match self {
            Value::Struct(value) => format!(".{}", value.fields[at].0),
            Value::Array(_) => format!("[{at}]"),
            _ => format!(".{at}"),
        };
        let below =
            |(at, part): (usize, &Value<'g>)| part.paths().into_iter().map(|path| step(at) + &path).collect::<Vec<_>>();
        parts.into_iter().enumerate().filter(|(at, _)| !self.is_buffer(*at)).flat_map(below).collect()
    }

    /// The same structure with other parameters, taken in order.
    pub fn with_parameters(&self, values: &mut dyn Iterator<Item = Value<'g>>) -> Value<'g> {
        let Some(parts) = self.parts() else { return values.next().unwrap_or(Value::Poison) };
        let changed = self.map_parts(parts, |_, part| Ok::<_, Infallible>(part.with_parameters(values)));
        changed.unwrap_or_else(|never| match never {})
    }

    /// As an argument of a tensor method, if it can be one.
    pub fn to_argument(&self) -> Option<Argument<'g>> {
        let end = |end: &Option<Box<Value<'g>>>| match end {
            Some(value) => value.to_argument().map(|value| Some(Box::new(value))),
            None => Some(None),
        };
        Some(match self {
            Value::Tensor(x) => Argument::Tensor(*x),
            Value::Int(v) => Argument::Int(*v),
            Value::Float(v) => Argument::Float(*v),
            Value::Bool(v) => Argument::Bool(*v),
            Value::Dim(dim) => Argument::Dim(dim.clone()),
            Value::DType(dtype) => Argument::DType(*dtype),
            Value::Tuple(parts) | Value::Array(parts) => {
                Argument::List(parts.iter().map(Value::to_argument).collect::<Option<_>>()?)
            }
            Value::Range(start, stop) => Argument::Range(end(start)?, end(stop)?),
            Value::Nothing => Argument::None,
            Value::Poison | Value::Unbound | Value::Struct(_) | Value::Closure(_) | Value::Function(_) => return None,
        })
    }

    /// What it is, for messages.
    pub fn describe(&self) -> String {
        let list = |parts: &[Value<'g>]| parts.iter().map(Value::describe).collect::<Vec<_>>().join(", ");
        match self {
            Value::Poison | Value::Unbound => "an unknown value".into(),
            Value::Tensor(x) => format!("`{}`", tensor_type(x.dtype(), x.shape())),
            Value::Int(v) => format!("the integer {v}"),
            Value::Float(v) => format!("the float {v:?}"),
            Value::Bool(v) => format!("`{v}`"),
            Value::Dim(dim) => format!("the size {dim}"),
            Value::DType(dtype) => format!("the dtype {dtype}"),
            Value::Tuple(parts) if parts.is_empty() => "`()`".into(),
            Value::Tuple(parts) => format!("a tuple ({})", list(parts)),
            Value::Array(parts) => match parts.first() {
                Some(first) => {
                    format!("an array of {} elements, the first of which is {}", parts.len(), first.describe())
                }
                None => "an empty array".into(),
            },
            Value::Struct(value) => format!("a `{}`", value.name),
            Value::Range(..) => "a range".into(),
            Value::Nothing => "`None`".into(),
            Value::Closure(_) => "a closure".into(),
            Value::Function(_) => "a function".into(),
        }
    }

    /// A number or size as it is written, anything else as [`Value::describe`] says it.
    pub fn show(&self) -> String {
        match self {
            Value::Int(v) => v.to_string(),
            Value::Float(v) => format!("{v:?}"),
            Value::Dim(dim) => dim.to_string(),
            other => other.describe(),
        }
    }

    /// As a tensor: itself, or a number as a constant of `dtype`.
    pub fn to_tensor(&self, graph: &'g Graph, dtype: DType) -> Option<Uop<'g>> {
        match self {
            Value::Tensor(x) => Some(*x),
            Value::Int(v) => Some(graph.constant(dtype, *v)),
            Value::Float(v) if dtype.is_float() => Some(graph.constant(dtype, *v)),
            Value::Bool(v) if dtype.is_bool() => Some(graph.constant(dtype, *v)),
            Value::Dim(dim) => Some(graph.dim(dim).cast(dtype)),
            _ => None,
        }
    }
}

impl<'g> From<Argument<'g>> for Value<'g> {
    fn from(argument: Argument<'g>) -> Value<'g> {
        let end = |end: Option<Box<Argument<'g>>>| end.map(|value| Box::new(Value::from(*value)));
        match argument {
            Argument::Tensor(x) => Value::Tensor(x),
            Argument::Int(v) => Value::Int(v),
            Argument::Float(v) => Value::Float(v),
            Argument::Bool(v) => Value::Bool(v),
            Argument::Dim(dim) => Value::size(dim),
            Argument::DType(dtype) => Value::DType(dtype),
            Argument::List(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            Argument::Range(start, stop) => Value::Range(end(start), end(stop)),
            Argument::None => Value::unit(),
        }
    }
}
