//! Matrix products: the product of two repeated views, summed over the shared axis.

use crate::dim::Dim;
use crate::ir::{Op, Uop};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::function::round_tf32;
use crate::tensor::precision::widened;
use crate::tensor::primitive::{broadcast_shape, expanded, numeric, permuted, reduced, reshaped, without_axes};
use crate::tensor::registry::theme;

theme! {
    /// The matrix product over the last axis of `x` and the last but one of `y`; leading axes are batches and broadcast.
    /// A vector on either side is a row or column that vanishes from the result: two vectors give their inner product.
    /// Products of f16 and bf16 are summed in f32, and the sum is rounded.
    fn matmul(x: Uop<'g>, y: Uop<'g>) -> Uop<'g> {
        Ok(product(x, y)?.cast(x.dtype()))
    }

    /// `x.round_tf32().matmul(y.round_tf32())`: the matrix product of f32 factors rounded to TensorFloat-32, summed in f32. Of narrower
    /// floats it is `x.matmul(y)`.
    fn matmul_tf32(x: Uop<'g>, y: Uop<'g>) -> Uop<'g> {
        check(x, y)?;
        matmul(round_tf32(x)?, round_tf32(y)?)
    }
}

/// The matrix product, not rounded: of f16 and bf16 it is f32.
pub(super) fn product<'g>(x: Uop<'g>, y: Uop<'g>) -> Result<Uop<'g>, Error> {
    check(numeric(x)?, numeric(y)?)?;
    let (rows, columns) = (x.shape().len() > 1, y.shape().len() > 1);
    // x as (…, m, 1, k) and y as (…, 1, n, k).
    let left = if rows { x } else { reshaped(x, &[&[Dim::ONE], x.shape()].concat()) };
    let right = if columns { transposed(y) } else { reshaped(y, &[&[Dim::ONE], y.shape()].concat()) };
    let product = contracted(left, right)?;
    let rank = product.shape().len();
    let vanishing = [(rows, rank - 3), (columns, rank - 2), (false, rank - 1)];
    Ok(without_axes(product, &vanishing.iter().filter(|v| !v.0).map(|v| v.1).collect::<Vec<_>>()))
}

/// The last two axes exchanged.
fn transposed(y: Uop) -> Uop {
    let rank = y.shape().len();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(rank - 2, rank - 1);
    permuted(y, axes)
}

/// `(…, m, k)` and `(…, n, k)` to `(…, m, n, 1)`, summed in f32 at least.
fn contracted<'g>(left: Uop<'g>, right: Uop<'g>) -> Result<Uop<'g>, Error> {
    let spread = |x: Uop<'g>, at: usize| {
        let mut shape = Vec::with_capacity(x.shape().len() + 1);
        shape.extend_from_slice(x.shape());
        shape.insert(at, Dim::ONE);
        shape
    };
    let (a, b) = (left.shape().len(), right.shape().len());
    let (left_shape, right_shape) = (spread(left, a - 1), spread(right, b - 2));
    let shape = broadcast_shape(&left_shape, &right_shape)?;
    let view = |x: Uop<'g>, mut own: Vec<Dim>| {
        own.splice(..0, std::iter::repeat_n(Dim::ONE, shape.len() - own.len()));
        expanded(reshaped(x, &own), &shape)
    };
    let product = view(widened(left), left_shape) * view(widened(right), right_shape);
    Ok(reduced(product, Op::Add, &[shape.len() - 1]))
}

/// Dtypes and sizes fit.
fn check(x: Uop, y: Uop) -> Result<(), Error> {
    let shapes = || format!("{} x {}", show_shape(x.shape()), show_shape(y.shape()));
    if x.dtype() != y.dtype() {
        let wanted = if x.dtype().is_float() { x.dtype() } else { y.dtype() };
        let help = format!("convert one of them, such as with `.cast::<{wanted}>()`");
        return Err(Error::new(format!("{}: dtypes differ, {} and {}", shapes(), x.dtype(), y.dtype())).help(help));
    }
    let (Some(k), Some(_)) = (x.shape().last(), y.shape().last()) else {
        return Err(Error::new(format!("{}: a scalar has no axis to sum over", shapes())).help("multiply with `*`"));
    };
    let own = &y.shape()[y.shape().len().saturating_sub(2)];
    if k != own {
        return Err(Error::new(format!("{}: inner dimensions differ, {k} and {own}", shapes())).help(repair(x, y)));
    }
    batches(x, y).map_err(|error| {
        Error::new(format!("{}: batch {}", shapes(), error.message)).help("batch sizes must be equal, or one of them 1")
    })
}

fn batches(x: Uop, y: Uop) -> Result<(), Error> {
    let batch = |s: Uop| s.shape()[..s.shape().len().saturating_sub(2)].to_vec();
    broadcast_shape(&batch(x), &batch(y)).map(drop)
}

/// Which operand, transposed, makes inner dimensions agree.
fn repair(x: Uop, y: Uop) -> String {
    let ends = |s: Uop| (s.shape().len() > 1).then(|| s.shape()[s.shape().len() - 2].clone());
    let (k, last) = (x.shape().last().cloned().unwrap_or(Dim::ONE), y.shape().last().cloned());
    let own = ends(y).or(last.clone());
    let call = |s: Uop| if s.shape().len() == 2 { "`.t()`" } else { "`.transpose(-2, -1)`" };
    if ends(y).is_some() && last.as_ref() == Some(&k) {
        return format!("a transposed right operand fits: did you mean {} on it?", call(y));
    }
    if ends(x).is_some() && ends(x) == own {
        return format!("a transposed left operand fits: did you mean {} on it?", call(x));
    }
    match ends(y) {
        Some(_) => format!("the right operand needs the shape (…, {k}, n)"),
        None => format!("the right operand needs the shape ({k},) or (…, {k}, n)"),
    }
}
