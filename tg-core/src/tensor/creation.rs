//! Tensors made from nothing but numbers.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Graph, Uop, Value};
use crate::tensor::argument::Term;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{filled, natural, number_like, position, too_many};
use crate::tensor::registry::theme;

theme! {
    /// All elements `value`; the dtype is that of the number (f32, i64 or bool) unless `dtype` is given.
    fn full[graph](shape: Vec<Dim>, value: Term<'g>, dtype: Option<DType>) -> Uop<'g> {
        let element = number_like(graph, value, dtype.unwrap_or(natural(value)))?;
        if !element.shape().is_empty() {
            return Err(Error::new(format!("value must be a number, got a tensor {}", show_shape(element.shape()))));
        }
        Ok(filled(element, &checked(shape)?))
    }

    /// All elements 0, f32 unless `dtype` is given.
    fn zeros[graph](shape: Vec<Dim>, dtype: Option<DType>) -> Uop<'g> {
        let dtype = dtype.unwrap_or(DType::F32);
        Ok(filled(graph.constant(dtype, Value::zero(dtype)), &checked(shape)?))
    }

    /// All elements 1, f32 unless `dtype` is given.
    fn ones[graph](shape: Vec<Dim>, dtype: Option<DType>) -> Uop<'g> {
        let dtype = dtype.unwrap_or(DType::F32);
        Ok(filled(graph.constant(dtype, Value::small(dtype, 1)), &checked(shape)?))
    }

    /// The n × n identity matrix, f32 unless `dtype` is given.
    fn eye[graph](n: Dim, dtype: Option<DType>) -> Uop<'g> {
        let shape = checked(vec![n.clone(), n])?;
        let diagonal = position(graph, &shape, 0).equals(position(graph, &shape, 1));
        Ok(diagonal.cast(dtype.unwrap_or(DType::F32)))
    }

    /// `start`, `start + step`, … before `stop`: i64 if all are integers, else f32. `arange(n)` is 0 to n - 1.
    fn arange[graph](start: Term<'g>, stop: Option<Term<'g>>, step: Option<Term<'g>>) -> Uop<'g> {
        let (start, stop) = stop.map_or((Term::Int(0), start), |stop| (start, stop));
        let step = step.unwrap_or(Term::Int(1));
        match (start, stop, step) {
            (Term::Int(0), Term::Tensor(n), Term::Int(1)) => counted(graph, n),
            (Term::Int(a), Term::Int(b), Term::Int(s)) => {
                let count = if s == 0 { None } else { steps(a as i128, b as i128, s as i128) };
                let places = places(graph, count.ok_or_else(|| bad_steps(start, stop, step))?)?;
                Ok(places.cast(DType::I64) * s + a)
            }
            _ => {
                let wrong = || bad_steps(start, stop, step);
                let (a, b, s) = (real(start)?, real(stop)?, real(step)?);
                let count = ((b - a) / s).ceil();
                let finite = s != 0.0 && count.is_finite() && count < i64::MAX as f64;
                let places = places(graph, if finite { Dim::from(count.max(0.0) as i64) } else { return Err(wrong()) })?;
                Ok(places.cast(DType::F32) * s + a)
            }
        }
    }

    /// `x` with zeros above the `k`-th diagonal of its last two axes.
    fn tril(x: Uop<'g>, k: Option<i64>) -> Uop<'g> {
        let (row, column) = diagonals(x)?;
        Ok((!(row + k.unwrap_or(0)).lt(column)).choose(x, Value::zero(x.dtype())))
    }

    /// `x` with zeros below the `k`-th diagonal of its last two axes.
    fn triu(x: Uop<'g>, k: Option<i64>) -> Uop<'g> {
        let (row, column) = diagonals(x)?;
        Ok((!column.lt(row + k.unwrap_or(0))).choose(x, Value::zero(x.dtype())))
    }
}

/// A shape whose sizes cannot be negative and whose elements can be counted.
pub(super) fn checked(shape: Vec<Dim>) -> Result<Vec<Dim>, Error> {
    if let Some(size) = shape.iter().find(|size| size.lower() < 0) {
        return Err(Error::new(format!("shape {} has the size {size}, which may be negative", show_shape(&shape))));
    }
    Dim::product(&shape).ok_or_else(|| too_many(&shape))?;
    Ok(shape)
}

fn places(graph: &Graph, count: Dim) -> Result<Uop<'_>, Error> {
    Ok(position(graph, &checked(vec![count])?, 0))
}

/// 0 to n - 1 for a run-time dimension n.
fn counted<'g>(graph: &'g Graph, n: Uop<'g>) -> Result<Uop<'g>, Error> {
    match n.arg() {
        Arg::Var(var) => Ok(places(graph, Dim::from(var.clone()))?.cast(DType::I64)),
        _ => Err(Error::new("the bounds must be numbers or a run-time dimension, got a tensor")),
    }
}

fn steps(a: i128, b: i128, s: i128) -> Option<Dim> {
    let count = if s > 0 { (b - a + s - 1).div_euclid(s) } else { (a - b - s - 1).div_euclid(-s) };
    i64::try_from(count.max(0)).ok().map(Dim::from)
}

fn real(number: Term) -> Result<f64, Error> {
    match number {
        Term::Int(v) => Ok(v as f64),
        Term::Float(v) => Ok(v),
        _ => Err(Error::new("start, stop and step must be numbers known at compile time")),
    }
}

fn bad_steps(start: Term, stop: Term, step: Term) -> Error {
    let show = |number| real(number).map_or("?".to_string(), |v| v.to_string());
    Error::new(format!("steps of {} from {} do not reach {}", show(step), show(start), show(stop)))
}

/// The row and column of each element of the last two axes.
fn diagonals<'g>(x: Uop<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    match x.shape().len() {
        rank @ 2.. => Ok((position(x.graph(), x.shape(), rank - 2), position(x.graph(), x.shape(), rank - 1))),
        _ => Err(Error::new(format!("needs at least two axes, got shape {}", show_shape(x.shape())))),
    }
}
