//! Arguments of tensor methods as values, and their conversion to the types that the methods take.
//!
//! The languages that call methods by name (the macro, the lazy tensors) evaluate to [`Argument`]s; each type that
//! can stand in a method's signature says, as [`Parameter`], which arguments it accepts.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Graph, Uop};
use crate::tensor::error::{Error, show_shape};

/// A value that may be passed to a tensor method, or that one returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument<'g> {
    /// A tensor.
    Tensor(Uop<'g>),
    /// An integer literal or constant.
    Int(i64),
    /// A float literal or constant.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A size, known or not.
    Dim(Dim),
    /// An element type.
    DType(DType),
    /// An array or tuple.
    List(Vec<Argument<'g>>),
    /// `start..end`; an absent end reaches to the end of the axis.
    Range(Option<Box<Argument<'g>>>, Option<Box<Argument<'g>>>),
    /// An argument left out.
    None,
}

impl Argument<'_> {
    /// What it is, for error messages: `a tensor f32 (3, 4)`, `3`, `a list`.
    pub fn describe(&self) -> String {
        match self {
            Argument::Tensor(x) => format!("a tensor {} {}", x.dtype(), show_shape(x.shape())),
            Argument::Int(v) => v.to_string(),
            Argument::Float(v) => format!("{v:?}"),
            Argument::Bool(v) => v.to_string(),
            Argument::Dim(v) => format!("the size {v}"),
            Argument::DType(v) => format!("the dtype {v}"),
            Argument::List(items) => {
                let items: Vec<String> = items.iter().map(Argument::describe).collect();
                format!("[{}]", items.join(", "))
            }
            Argument::Range(..) => "a range".to_string(),
            Argument::None => "nothing".to_string(),
        }
    }
}

/// A tensor or a number that takes the dtype of the tensor beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term<'g> {
    /// A tensor.
    Tensor(Uop<'g>),
    /// An integer literal.
    Int(i64),
    /// A float literal.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
}

impl<'g> From<Uop<'g>> for Term<'g> {
    fn from(x: Uop<'g>) -> Self {
        Term::Tensor(x)
    }
}
impl From<i64> for Term<'_> {
    fn from(v: i64) -> Self {
        Term::Int(v)
    }
}
impl From<f64> for Term<'_> {
    fn from(v: f64) -> Self {
        Term::Float(v)
    }
}
impl From<bool> for Term<'_> {
    fn from(v: bool) -> Self {
        Term::Bool(v)
    }
}

/// One or several axes; negative ones count from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(pub Vec<i64>);

impl From<i64> for Axes {
    fn from(axis: i64) -> Axes {
        Axes(vec![axis])
    }
}

/// One integer for all axes meant, or one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Each(pub Vec<i64>);

impl Each {
    /// The integer for each of `axes` axes.
    ///
    /// # Errors
    /// If it is a list of another length.
    pub fn of(self, name: &str, axes: usize) -> Result<Vec<i64>, Error> {
        match self.0.len() {
            1 => Ok(vec![self.0[0]; axes]),
            n if n == axes => Ok(self.0),
            n => Err(Error::new(format!("{name} must be 1 or {axes} integers, got {n}"))),
        }
    }
}

/// The part `start..end` of an axis, every `step`-th element; negative positions count from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First element; absent: the first one of the axis.
    pub start: Option<Dim>,
    /// One past the last element; absent: the size of the axis.
    pub end: Option<Dim>,
    /// Distance between elements, at least 1.
    pub step: i64,
}

/// A type of a method's parameter.
pub trait Parameter<'g>: Sized + Clone {
    /// What may be passed, for documentation and error messages.
    const EXPECTS: &'static str;
    /// Whether it may be left out.
    const OPTIONAL: bool = false;
    /// The parameter's value, or `None` if `argument` is of the wrong kind.
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self>;
    /// The same with what `change` makes of each tensor in it.
    fn with_tensors(&self, _change: &mut dyn FnMut(Uop<'g>) -> Uop<'g>) -> Self {
        self.clone()
    }
}

macro_rules! parameters {
    ($($ty:ty, $expects:literal, $graph:pat => { $($pattern:pat => $value:expr,)* })*) => {$(
        impl<'g> Parameter<'g> for $ty {
            const EXPECTS: &'static str = $expects;
            fn read($graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
                match argument { $($pattern => $value,)* _ => None }
            }
        }
    )*};
}

parameters! {
    i64, "an integer", _ => { Argument::Int(v) => Some(*v), Argument::Dim(v) => v.known(), }
    f64, "a number", _ => { Argument::Float(v) => Some(*v), Argument::Int(v) => Some(*v as f64), }
    Dim, "a size", _ => { Argument::Int(v) => Some(Dim::from(*v)), Argument::Dim(v) => Some(v.clone()), }
    DType, "a dtype", _ => { Argument::DType(v) => Some(*v), }
    Slice, "a range or (start, end, step)", graph => {
        Argument::Range(start, end) => Some(Slice { start: end_of(graph, start)?, end: end_of(graph, end)?, step: 1 }),
        Argument::List(parts) => match &parts[..] {
            [start, end] => Some(Slice { start: Option::read(graph, start)?, end: Option::read(graph, end)?, step: 1 }),
            [start, end, step] => {
                let (start, end) = (Option::read(graph, start)?, Option::read(graph, end)?);
                Some(Slice { start, end, step: i64::read(graph, step)? })
            }
            _ => None,
        },
    }
    (Dim, Dim), "a pair of sizes", graph => {
        Argument::List(parts) => match &parts[..] {
            [a, b] => Some((Dim::read(graph, a)?, Dim::read(graph, b)?)),
            _ => None,
        },
        Argument::Range(Some(a), Some(b)) => Some((Dim::read(graph, a)?, Dim::read(graph, b)?)),
    }
}

impl<'g> Parameter<'g> for Uop<'g> {
    const EXPECTS: &'static str = "a tensor";
    fn read(_: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        if let Argument::Tensor(x) = argument { Some(*x) } else { None }
    }
    fn with_tensors(&self, change: &mut dyn FnMut(Uop<'g>) -> Uop<'g>) -> Self {
        change(*self)
    }
}

impl<'g> Parameter<'g> for Term<'g> {
    const EXPECTS: &'static str = "a tensor or a number";
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        Some(match argument {
            Argument::Tensor(x) => Term::Tensor(*x),
            Argument::Int(v) => Term::Int(*v),
            Argument::Float(v) => Term::Float(*v),
            Argument::Bool(v) => Term::Bool(*v),
            Argument::Dim(v) => v.known().map_or_else(|| Term::Tensor(graph.dim(v)), Term::Int),
            _ => return None,
        })
    }
    fn with_tensors(&self, change: &mut dyn FnMut(Uop<'g>) -> Uop<'g>) -> Self {
        if let Term::Tensor(x) = self { Term::Tensor(change(*x)) } else { *self }
    }
}

impl<'g> Parameter<'g> for Axes {
    const EXPECTS: &'static str = "an axis or a list of axes";
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        one_or_all(graph, argument).map(Axes)
    }
}

impl<'g> Parameter<'g> for Each {
    const EXPECTS: &'static str = "an integer, or one for each axis";
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        one_or_all(graph, argument).map(Each)
    }
}

fn one_or_all<'g>(graph: &'g Graph, argument: &Argument<'g>) -> Option<Vec<i64>> {
    let items = match argument {
        Argument::List(items) => items,
        single => std::slice::from_ref(single),
    };
    items.iter().map(|item| i64::read(graph, item)).collect()
}

fn end_of<'g>(graph: &'g Graph, end: &Option<Box<Argument<'g>>>) -> Option<Option<Dim>> {
    end.as_deref().map_or(Some(None), |end| Dim::read(graph, end).map(Some))
}

impl<'g, T: Parameter<'g>> Parameter<'g> for Option<T> {
    const EXPECTS: &'static str = T::EXPECTS;
    const OPTIONAL: bool = true;
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        match argument {
            Argument::None => Some(None),
            given => T::read(graph, given).map(Some),
        }
    }
    fn with_tensors(&self, change: &mut dyn FnMut(Uop<'g>) -> Uop<'g>) -> Self {
        self.as_ref().map(|given| given.with_tensors(change))
    }
}

/// What a list of each element type is called.
trait Element {
    const LIST: &'static str;
}
impl Element for i64 {
    const LIST: &'static str = "a list of integers";
}
impl Element for Dim {
    const LIST: &'static str = "a list of sizes";
}
impl Element for Uop<'_> {
    const LIST: &'static str = "a list of tensors";
}
impl Element for Slice {
    const LIST: &'static str = "a list of ranges or (start, end, step), one for each axis";
}
impl Element for (Dim, Dim) {
    const LIST: &'static str = "a list of pairs of sizes, one for each axis";
}

#[allow(private_bounds, reason = "lists exist for the element types above only")]
impl<'g, T: Parameter<'g> + Element> Parameter<'g> for Vec<T> {
    const EXPECTS: &'static str = T::LIST;
    fn read(graph: &'g Graph, argument: &Argument<'g>) -> Option<Self> {
        match argument {
            Argument::List(items) => items.iter().map(|item| T::read(graph, item)).collect(),
            _ => None,
        }
    }
    fn with_tensors(&self, change: &mut dyn FnMut(Uop<'g>) -> Uop<'g>) -> Self {
        self.iter().map(|item| item.with_tensors(change)).collect()
    }
}

impl<'g> From<Uop<'g>> for Argument<'g> {
    fn from(x: Uop<'g>) -> Self {
        Argument::Tensor(x)
    }
}
impl From<i64> for Argument<'_> {
    fn from(v: i64) -> Self {
        Argument::Int(v)
    }
}
impl From<DType> for Argument<'_> {
    fn from(v: DType) -> Self {
        Argument::DType(v)
    }
}
impl From<Dim> for Argument<'_> {
    /// A known size is an integer, so that compile-time arithmetic applies to it.
    fn from(v: Dim) -> Self {
        v.known().map_or_else(|| Argument::Dim(v.clone()), Argument::Int)
    }
}
impl<'g, T: Into<Argument<'g>>> From<Vec<T>> for Argument<'g> {
    fn from(items: Vec<T>) -> Self {
        Argument::List(items.into_iter().map(Into::into).collect())
    }
}

/// The arguments of one call, read in the order of the parameters.
pub struct Call<'a, 'g> {
    method: &'static str,
    graph: &'g Graph,
    rest: std::slice::Iter<'a, Argument<'g>>,
}

impl<'a, 'g> Call<'a, 'g> {
    /// A call of `method`, which takes at most `most` arguments after `receivers` (1, or 0 for free functions).
    ///
    /// # Errors
    /// If more are given.
    pub fn new(
        method: &'static str,
        graph: &'g Graph,
        receivers: usize,
        most: usize,
        arguments: &'a [Argument<'g>],
    ) -> Result<Self, Error> {
        let given = arguments.len().saturating_sub(receivers);
        if given > most {
            let count = if most == 1 { "1 argument".to_string() } else { format!("{most} arguments") };
            return Err(Error::new(format!("takes {count}, got {given}")).within(method));
        }
        Ok(Call { method, graph, rest: arguments.iter() })
    }

    /// The value of the next parameter, called `name`.
    ///
    /// # Errors
    /// If it is missing or of the wrong kind.
    pub fn next<T: Parameter<'g>>(&mut self, name: &str) -> Result<T, Error> {
        let argument = self.rest.next().unwrap_or(&Argument::None);
        let wrong = || {
            let text = match argument {
                Argument::None => format!("argument `{name}` is missing: {}", T::EXPECTS),
                given => format!("argument `{name}` must be {}, got {}", T::EXPECTS, given.describe()),
            };
            Error::new(text).within(self.method)
        };
        T::read(self.graph, argument).ok_or_else(wrong)
    }
}
