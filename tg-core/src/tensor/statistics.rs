//! Variances, positions of extremes, and running sums.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};
use crate::tensor::argument::Axes;
use crate::tensor::arithmetic::reversed;
use crate::tensor::conversion::marked;
use crate::tensor::error::Error;
use crate::tensor::movement::flatten;
use crate::tensor::primitive::{
    axes_of, axis_of, broadcast, count, expanded, float, numeric, position, reduced, with_axis, without_axes,
};
use crate::tensor::reduction::{dropping, filled_axes, mean_keep};
use crate::tensor::registry::theme;

theme! {
    /// The variance along `axes`, dividing by n - 1.
    fn var(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, var_keep)
    }

    /// As `var`, keeping the axes with size 1.
    @wide fn var_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        variance(x, &axes, 1)
    }

    /// The variance along `axes`, dividing by n - `correction`.
    @wide fn var_with(x: Uop<'g>, axes: Axes, correction: i64) -> Uop<'g> {
        let axes = Some(axes);
        Ok(without_axes(variance(x, &axes, correction)?, &axes_of(x, &axes)?))
    }

    /// The standard deviation along `axes`: the root of `var`.
    fn std(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, std_keep)
    }

    /// As `std`, keeping the axes with size 1.
    @wide fn std_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        Ok(variance(x, &axes, 1)?.unary(Op::Sqrt))
    }

    /// The standard deviation along `axes`: the root of `var_with`.
    @wide fn std_with(x: Uop<'g>, axes: Axes, correction: i64) -> Uop<'g> {
        Ok(var_with(x, axes, correction)?.unary(Op::Sqrt))
    }

    /// The position (i64) of the largest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    fn argmax(x: Uop<'g>, axis: Option<i64>) -> Uop<'g> {
        match axis {
            Some(axis) => first_largest(x, axis_of(x, axis)?),
            None => first_largest(flatten(x)?, 0),
        }
    }

    /// The position (i64) of the smallest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    fn argmin(x: Uop<'g>, axis: Option<i64>) -> Uop<'g> {
        argmax(reversed(x), axis)
    }

    /// The sums of each element and those before it along `axis`.
    @wide fn cumsum(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let at = axis_of(numeric(x)?, axis)?;
        // Element i is the sum over j of x[j] where j <= i.
        let mut shape = x.shape().to_vec();
        shape.insert(at, x.shape()[at].clone());
        let (i, j) = (position(x.graph(), &shape, at), position(x.graph(), &shape, at + 1));
        let masked = (!i.lt(j)).choose(expanded(with_axis(x, at), &shape), Value::zero(x.dtype()));
        Ok(without_axes(reduced(masked, Op::Add, &[at + 1]), &[at + 1]))
    }
}

/// The mean squared distance from the mean, with n - `correction` for n. Two passes: a difference of squares would
/// cancel.
///
/// `Σ (x - μ)² = Σ (x - m)² - n (μ - m)²` for every m. With m = μ, held fixed, the last term is 0 and so is its derivative, so
/// that the gradient has no sum over x - μ, which is 0 as well; that of second order needs the term.
pub(super) fn variance<'g>(x: Uop<'g>, axes: &Option<Axes>, correction: i64) -> Result<Uop<'g>, Error> {
    let along = axes_of(float(x)?, axes)?;
    let mean = mean_keep(x, axes.clone())?;
    let fixed = marked(Op::Detach, mean);
    let (centred, off) = (x - broadcast(fixed, x.shape()), mean - fixed);
    let sizes: Vec<Dim> = along.iter().map(|&axis| x.shape()[axis].clone()).collect();
    let divisor = count(x.graph(), x.dtype(), &sizes)?;
    let squares = reduced(centred * centred, Op::Add, &along) - off * off * divisor;
    Ok(match divisor.as_const() {
        Some(n) => squares * (1.0 / (n.to_f64() - correction as f64)),
        None => squares * (divisor - correction as f64).recip(),
    })
}

/// n less the largest n - i where element i is the maximum or NaN.
fn first_largest<'g>(x: Uop<'g>, axis: usize) -> Result<Uop<'g>, Error> {
    let largest = reduced(x, Op::Max, &filled_axes(x, &Some((axis as i64).into()))?);
    let equal = x.equals(broadcast(largest, x.shape()));
    let found = if x.dtype().is_float() { equal | x.differs(x) } else { equal };
    let size = x.graph().dim(&x.shape()[axis]);
    let left = (-position(x.graph(), x.shape(), axis) + size).cast(DType::I64);
    let most = reduced(found.choose(left, 0), Op::Max, &[axis]);
    Ok(without_axes(-most + size.cast(DType::I64), &[axis]))
}
