//! The node constructors that all methods are made of, and the agreement of operands in dtype and shape.
//!
//! Constructors that cannot fail expect arguments that fit; what comes from a user passes the checks here first.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Graph, Op, Uop};
use crate::tensor::argument::{Axes, Term};
use crate::tensor::error::{Error, show_shape};

/// The elements of `x` in row-major order, in a shape with as many.
pub(crate) fn reshaped<'g>(x: Uop<'g>, shape: &[Dim]) -> Uop<'g> {
    if x.shape() == shape {
        return x;
    }
    x.graph().node(Op::Reshape, x.dtype(), &[x], Arg::Shape(shape.to_vec()))
}

/// `x` with its axes of size 1 repeated to the sizes in `shape`.
pub(super) fn expanded<'g>(x: Uop<'g>, shape: &[Dim]) -> Uop<'g> {
    if x.shape() == shape {
        return x;
    }
    x.graph().node(Op::Expand, x.dtype(), &[x], Arg::Shape(shape.to_vec()))
}

/// `x` with axis `i` of the result being axis `axes[i]`.
pub(crate) fn permuted<'g>(x: Uop<'g>, axes: Vec<usize>) -> Uop<'g> {
    if axes.iter().copied().eq(0..axes.len()) {
        return x;
    }
    x.graph().node(Op::Permute, x.dtype(), &[x], Arg::Axes(axes))
}

/// `x` with zeros before and after each axis.
pub(super) fn padded<'g>(x: Uop<'g>, pairs: Vec<(Dim, Dim)>) -> Uop<'g> {
    if pairs.iter().all(|(before, after)| before.is(0) && after.is(0)) {
        return x;
    }
    x.graph().node(Op::Pad, x.dtype(), &[x], Arg::Pairs(pairs))
}

/// The part `begin..end` of each axis of `x`.
pub(crate) fn shrunk<'g>(x: Uop<'g>, pairs: Vec<(Dim, Dim)>) -> Uop<'g> {
    if pairs.iter().zip(x.shape()).all(|((begin, end), size)| begin.is(0) && end == size) {
        return x;
    }
    x.graph().node(Op::Shrink, x.dtype(), &[x], Arg::Pairs(pairs))
}

/// `x` reversed along `axes`.
pub(super) fn flipped<'g>(x: Uop<'g>, axes: Vec<usize>) -> Uop<'g> {
    if axes.is_empty() { x } else { x.graph().node(Op::Flip, x.dtype(), &[x], Arg::Axes(axes)) }
}

/// `x` with the elements along `axes` (sorted) combined by `op`; the axes stay, with size 1.
pub(crate) fn reduced<'g>(x: Uop<'g>, op: Op, axes: &[usize]) -> Uop<'g> {
    if axes.is_empty() {
        return x;
    }
    x.graph().node(Op::ReduceAxis, x.dtype(), &[x], Arg::Reduce(op, axes.to_vec()))
}

/// `x` without the axes `dropped`, all of size 1.
pub(super) fn without_axes<'g>(x: Uop<'g>, dropped: &[usize]) -> Uop<'g> {
    let kept: Vec<Dim> = (0..x.shape().len()).filter(|i| !dropped.contains(i)).map(|i| x.shape()[i].clone()).collect();
    reshaped(x, &kept)
}

/// `x` with a new axis of size 1 before axis `at`.
pub(super) fn with_axis<'g>(x: Uop<'g>, at: usize) -> Uop<'g> {
    let mut shape = x.shape().to_vec();
    shape.insert(at, Dim::ONE);
    reshaped(x, &shape)
}

/// The element number along `axis` in a tensor of shape `shape`, as `index`.
pub(super) fn position<'g>(graph: &'g Graph, shape: &[Dim], axis: usize) -> Uop<'g> {
    let iota = graph.node(Op::Iota, DType::INDEX, &[], Arg::Shape(vec![shape[axis].clone()]));
    let mut ones = vec![Dim::ONE; shape.len()];
    ones[axis] = shape[axis].clone();
    expanded(reshaped(iota, &ones), shape)
}

/// A tensor of shape `shape` whose elements are all the one of `x`, which has one element.
pub(super) fn filled<'g>(x: Uop<'g>, shape: &[Dim]) -> Uop<'g> {
    expanded(reshaped(x, &vec![Dim::ONE; shape.len()]), shape)
}

/// How many elements `shape` has, as a value of `dtype`.
pub(super) fn count<'g>(graph: &'g Graph, dtype: DType, shape: &[Dim]) -> Result<Uop<'g>, Error> {
    let count = Dim::product(shape).ok_or_else(|| too_many(shape))?;
    Ok(match count.known() {
        Some(n) => graph.constant(dtype, n),
        None => graph.dim(&count).cast(dtype),
    })
}

/// The error for a shape whose elements cannot be counted.
pub(super) fn too_many(shape: &[Dim]) -> Error {
    Error::new(format!("shape {} has more than 2^63 elements", show_shape(shape)))
}

/// The axis a possibly negative `axis` means in a tensor of `rank` axes, for a message about `x`.
pub(super) fn axis_of(x: Uop, axis: i64) -> Result<usize, Error> {
    axis_within(x, axis, x.shape().len())
}

/// As [`axis_of`] with `rank` in place of the number of axes that `x` has.
pub(super) fn axis_within(x: Uop, axis: i64, rank: usize) -> Result<usize, Error> {
    let n = rank as i64;
    let positive = if axis < 0 { axis.saturating_add(n) } else { axis };
    if (0..n).contains(&positive) {
        return Ok(positive as usize);
    }
    let shape = show_shape(x.shape());
    Err(match rank {
        0 => Error::new(format!("a tensor of shape () has no axes, got axis {axis}")),
        _ => Error::new(format!("axis must be in {}..{n} for shape {shape}, got {axis}", -n)),
    })
}

/// The axes meant, sorted; all of them if none are given.
pub(super) fn axes_of(x: Uop, axes: &Option<Axes>) -> Result<Vec<usize>, Error> {
    let Some(Axes(axes)) = axes else { return Ok((0..x.shape().len()).collect()) };
    let mut all = axes.iter().map(|&axis| axis_of(x, axis)).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    match all.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::new(format!("axis {} is given twice", pair[0]))),
        None => Ok(all),
    }
}

/// The shape two shapes broadcast to: aligned at the end, sizes are equal or one of them is 1.
pub(super) fn broadcast_shape(a: &[Dim], b: &[Dim]) -> Result<Vec<Dim>, Error> {
    let rank = a.len().max(b.len());
    let size = |shape: &[Dim], i: usize| match (i + shape.len()).checked_sub(rank) {
        Some(at) => shape[at].clone(),
        None => Dim::ONE,
    };
    (0..rank)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y || y.is(1) => Ok(x),
            (x, y) if x.is(1) => Ok(y),
            (x, y) => Err(mismatch(a, b, i as i64 - rank as i64, &x, &y)),
        })
        .collect()
}

fn mismatch(a: &[Dim], b: &[Dim], axis: i64, x: &Dim, y: &Dim) -> Error {
    let shapes = format!("shapes {} and {} do not broadcast", show_shape(a), show_shape(b));
    let error = Error::new(format!("{shapes}: axis {axis} has sizes {x} and {y}"));
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    match short.len() {
        n if n > 0 && n < long.len() && long.starts_with(short) => error.help(format!(
            "shapes are aligned at their last axes; `.reshape({:?})` on the operand of shape {} lines up its axes with the first ones",
            short.iter().cloned().chain(vec![Dim::ONE; long.len() - n]).collect::<Vec<_>>(),
            show_shape(short)
        )),
        _ if x.known().is_none() || y.known().is_none() => {
            error.help("sizes known only at run time must be the same expression, or one of them 1")
        }
        _ => error.help("sizes must be equal, or one of them 1, from the last axis on"),
    }
}

/// `x` as an operand of an elementwise op with result shape `shape`. A tensor of shape `()` stands for every element.
pub(super) fn broadcast<'g>(x: Uop<'g>, shape: &[Dim]) -> Uop<'g> {
    let missing = shape.len() - x.shape().len();
    if x.shape().is_empty() || x.shape() == shape {
        return x;
    }
    expanded(reshaped(x, &[&vec![Dim::ONE; missing], x.shape()].concat()), shape)
}

/// Both operands in one shape.
pub(super) fn broadcast_both<'g>(a: Uop<'g>, b: Uop<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let shape = broadcast_shape(a.shape(), b.shape())?;
    Ok((broadcast(a, &shape), broadcast(b, &shape)))
}

/// Both operands in one dtype and one shape: numbers and sizes take the dtype of the tensor beside them.
pub(super) fn operands<'g>(a: Term<'g>, b: Term<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let (a, b) = match (a, b) {
        (Term::Tensor(x), Term::Tensor(y)) => same_dtype(x, y)?,
        (Term::Tensor(x), number) => (x, number_like(x.graph(), number, x.dtype())?),
        (number, Term::Tensor(y)) => (number_like(y.graph(), number, y.dtype())?, y),
        _ => return Err(Error::new("one of the operands must be a tensor, got two numbers")),
    };
    broadcast_both(a, b)
}

/// Tensors agree in dtype; a size (`index`) converts.
fn same_dtype<'g>(x: Uop<'g>, y: Uop<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    match (x.dtype(), y.dtype()) {
        (a, b) if a == b => Ok((x, y)),
        (a, b) if a.is_index() && !b.is_bool() => Ok((x.cast(b), y)),
        (a, b) if b.is_index() && !a.is_bool() => Ok((x, y.cast(a))),
        (a, b) => {
            let meet = a.promote(b).map_or_else(|| "f64".to_string(), |p| p.to_string());
            let what = match (a.to_string() == meet, b.to_string() == meet) {
                (true, _) => "the right operand",
                (_, true) => "the left operand",
                _ => "both operands",
            };
            Err(Error::new(format!("operands have dtypes {a} and {b}"))
                .help(format!("convert {what} with `.cast::<{meet}>()`")))
        }
    }
}

/// The dtype of a number that stands alone.
pub(super) fn natural(number: Term) -> DType {
    match number {
        Term::Tensor(x) => x.dtype(),
        Term::Int(_) => DType::I64,
        Term::Float(_) => DType::F32,
        Term::Bool(_) => DType::BOOL,
    }
}

/// A number as a constant of `dtype`, a tensor as it is.
pub(super) fn number_like<'g>(graph: &'g Graph, number: Term<'g>, dtype: DType) -> Result<Uop<'g>, Error> {
    let kind = dtype.is_float();
    let misfit = |text: String, help: String| Err(Error::new(text).help(help));
    match number {
        Term::Tensor(x) => Ok(x),
        Term::Bool(v) if dtype.is_bool() => Ok(graph.constant(dtype, v)),
        Term::Float(v) if kind => Ok(graph.constant(dtype, v)),
        Term::Int(v) if kind => Ok(graph.constant(dtype, v)),
        Term::Int(v) if dtype.is_int() => match dtype.int_range() {
            Some((lo, hi)) if (lo..=hi).contains(&(v as i128)) => Ok(graph.constant(dtype, v)),
            _ => misfit(format!("{v} does not fit {dtype}"), "convert the tensor to a wider dtype first".to_string()),
        },
        Term::Float(v) => misfit(
            format!("{v:?} is a float, the tensor is {dtype}"),
            "convert the tensor: `.cast::<f32>()`".to_string(),
        ),
        Term::Int(v) => misfit(
            format!("{v} is an integer, the tensor is {dtype}"),
            "convert the tensor: `.cast::<i32>()`".to_string(),
        ),
        Term::Bool(v) => misfit(format!("{v} is a truth value, the tensor is {dtype}"), "write 0 or 1".to_string()),
    }
}

/// `x` if its elements are floats.
pub(super) fn float<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    if x.dtype().is_float() {
        return Ok(x);
    }
    Err(Error::new(format!("needs a tensor of floats, got {}", x.dtype())).help("convert it first: `.cast::<f32>()`"))
}

/// `x` if its elements are numbers.
pub(super) fn numeric<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    if !x.dtype().is_bool() {
        return Ok(x);
    }
    Err(Error::new("needs a tensor of numbers, got bool").help("convert it first: `.cast::<i32>()`"))
}
