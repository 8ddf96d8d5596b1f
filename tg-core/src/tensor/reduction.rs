//! Reductions: many elements along some axes combined into one.
//!
//! Without axes they combine everything. The axes vanish; in the `_keep` forms they stay with size 1.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::tensor::argument::Axes;
use crate::tensor::arithmetic::{div, reversed};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{axes_of, count, float, numeric, reduced, without_axes};
use crate::tensor::registry::theme;

theme! {
    /// The sum along `axes`. Integers wrap and keep their dtype.
    fn sum(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, sum_keep)
    }

    /// As `sum`, keeping the axes with size 1.
    @wide fn sum_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        Ok(reduced(numeric(x)?, Op::Add, &axes_of(x, &axes)?))
    }

    /// The arithmetic mean along `axes`.
    fn mean(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, mean_keep)
    }

    /// As `mean`, keeping the axes with size 1.
    @wide fn mean_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        let axes = axes_of(float(x)?, &axes)?;
        let sizes: Vec<Dim> = axes.iter().map(|&axis| x.shape()[axis].clone()).collect();
        let count = count(x.graph(), x.dtype(), &sizes)?;
        div(reduced(x, Op::Add, &axes).into(), count.into())
    }

    /// The largest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    fn max(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, max_keep)
    }

    /// As `max`, keeping the axes with size 1.
    fn max_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        let axes = filled_axes(x, &axes)?;
        Ok(reduced(x, Op::Max, &axes))
    }

    /// The smallest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    fn min(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, min_keep)
    }

    /// As `min`, keeping the axes with size 1.
    fn min_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        let axes = filled_axes(x, &axes)?;
        Ok(reversed(reduced(reversed(x), Op::Max, &axes)))
    }

    /// The product along `axes`. Integers wrap and keep their dtype.
    fn prod(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, prod_keep)
    }

    /// As `prod`, keeping the axes with size 1.
    @wide fn prod_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        Ok(reduced(numeric(x)?, Op::Mul, &axes_of(x, &axes)?))
    }

    /// Whether any element along `axes` is true, or not zero.
    fn any(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, any_keep)
    }

    /// As `any`, keeping the axes with size 1.
    fn any_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        Ok(reduced(x.cast(DType::BOOL), Op::Max, &axes_of(x, &axes)?))
    }

    /// Whether all elements along `axes` are true, or not zero.
    fn all(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        dropping(x, &axes, all_keep)
    }

    /// As `all`, keeping the axes with size 1.
    fn all_keep(x: Uop<'g>, axes: Option<Axes>) -> Uop<'g> {
        Ok(!reduced(!x.cast(DType::BOOL), Op::Max, &axes_of(x, &axes)?))
    }
}

/// A reduction that keeps its axes.
type Keeping = for<'g> fn(Uop<'g>, Option<Axes>) -> Result<Uop<'g>, Error>;

/// The result of `keeping` without the reduced axes.
pub(super) fn dropping<'g>(x: Uop<'g>, axes: &Option<Axes>, keeping: Keeping) -> Result<Uop<'g>, Error> {
    Ok(without_axes(keeping(x, axes.clone())?, &axes_of(x, axes)?))
}

/// The axes of a reduction that needs at least one element.
pub(super) fn filled_axes(x: Uop, axes: &Option<Axes>) -> Result<Vec<usize>, Error> {
    let axes = axes_of(x, axes)?;
    match axes.iter().find(|&&axis| x.shape()[axis].upper() <= 0) {
        Some(axis) => Err(Error::new(format!("axis {axis} of shape {} is empty", show_shape(x.shape())))),
        None => Ok(axes),
    }
}
