//! Elements picked by tensors of positions: comparisons of positions, which the compiler turns into loads.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};
use crate::tensor::error::{Error, show_shape};
use crate::tensor::primitive::{axis_of, expanded, position, reduced, reshaped, shrunk, with_axis, without_axes};
use crate::tensor::registry::theme;

theme! {
    /// For each element of `x` a row of `classes` elements (i64) that is 1 at that position and 0 elsewhere.
    fn one_hot(x: Uop<'g>, classes: Dim) -> Uop<'g> {
        if classes.lower() < 0 {
            return Err(Error::new(format!("the number of classes is {classes}")));
        }
        Ok(one_hot_mask(checked_index(x)?, &classes).cast(DType::I64))
    }

    /// The elements of `x` at the positions `index` along `axis`: as many axes as `x`, the others no larger than those
    /// of `x`. A position outside gives 0.
    fn gather(x: Uop<'g>, axis: i64, index: Uop<'g>) -> Uop<'g> {
        let axis = axis_of(x, axis)?;
        let fits = |(i, (n, m)): (usize, (&Dim, &Dim))| i == axis || (m - n).upper() <= 0;
        let rank = checked_index(index)?.shape().len() == x.shape().len();
        if !rank || !x.shape().iter().zip(index.shape()).enumerate().all(fits) {
            let (own, other) = (show_shape(x.shape()), show_shape(index.shape()));
            let error = format!("index shape {other} does not fit shape {own} along axis {axis}");
            return Err(Error::new(error).help("it has as many axes, no other one larger; or use `.index_select`"));
        }
        let window = |(i, n): (usize, &Dim)| (Dim::ZERO, if i == axis { n.clone() } else { index.shape()[i].clone() });
        let part = shrunk(x, x.shape().iter().enumerate().map(window).collect());
        Ok(picked(with_axis(part, axis), with_axis(index, axis + 1), axis + 1))
    }

    /// The slices of `x` along `axis` at the positions in the vector `index`. A position outside gives zeros.
    fn index_select(x: Uop<'g>, axis: i64, index: Uop<'g>) -> Uop<'g> {
        let axis = axis_of(x, axis)?;
        let [count] = checked_index(index)?.shape() else {
            let error = format!("index must be a vector, got shape {}", show_shape(index.shape()));
            return Err(Error::new(error).help("`.flatten()` it, or use `.gather`"));
        };
        let mut shape = vec![Dim::ONE; x.shape().len() + 1];
        shape[axis] = count.clone();
        Ok(picked(with_axis(x, axis), reshaped(index, &shape), axis + 1))
    }

    /// The rows of the matrix `x` at the positions `index`, of any shape. A position outside gives zeros.
    fn embedding(x: Uop<'g>, index: Uop<'g>) -> Uop<'g> {
        let [rows, width] = x.shape() else {
            return Err(Error::new(format!("needs a matrix of rows, got shape {}", show_shape(x.shape()))));
        };
        let lead = vec![Dim::ONE; checked_index(index)?.shape().len()];
        let table = reshaped(x, &[lead, vec![rows.clone(), width.clone()]].concat());
        let index = reshaped(index, &[index.shape(), &[Dim::ONE, Dim::ONE]].concat());
        let axis = table.shape().len() - 2;
        Ok(picked(table, index, axis))
    }
}

/// `x` if it holds integers.
pub(super) fn checked_index<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    if x.dtype().is_int() {
        return Ok(x);
    }
    Err(Error::new(format!("positions and classes are integers, got {}", x.dtype())).help("`.cast::<i64>()` them"))
}

/// Shape `(…, classes)`: whether the position along the last axis is the element of `x`.
pub(super) fn one_hot_mask<'g>(x: Uop<'g>, classes: &Dim) -> Uop<'g> {
    let shape = [x.shape(), std::slice::from_ref(classes)].concat();
    let wanted = expanded(with_axis(x.cast(DType::INDEX), x.shape().len()), &shape);
    position(x.graph(), &shape, shape.len() - 1).equals(wanted)
}

/// The elements of `x` along `axis` at the positions `index`, which has size 1 there. Both repeat along axes of size 1.
fn picked<'g>(x: Uop<'g>, index: Uop<'g>, axis: usize) -> Uop<'g> {
    let larger = |(n, m): (&Dim, &Dim)| if n.is(1) { m.clone() } else { n.clone() };
    let shape: Vec<Dim> = x.shape().iter().zip(index.shape()).map(larger).collect();
    let wanted = expanded(index.cast(DType::INDEX), &shape);
    let mask = position(x.graph(), &shape, axis).equals(wanted);
    let chosen = mask.choose(expanded(x, &shape), Value::zero(x.dtype()));
    let op = if x.dtype().is_bool() { Op::Max } else { Op::Add };
    without_axes(reduced(chosen, op, &[axis]), &[axis])
}
