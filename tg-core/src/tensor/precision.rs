//! The precision of methods on narrow floats: those of several steps compute in f32 and round their result, once.
//!
//! Rounding to 8 or 11 bits after every step would lose in each what the steps before had kept, and cost more than the steps
//! themselves. `theme!` does this to each method marked `@wide`. Marked are those of several steps and those whose
//! gradient has several, for gradients follow the graph and so are computed in f32 as well. Methods that others call get
//! f32 from them, and round nothing in between.
//!
//! Not here: products, convolutions and attention, which say themselves what is summed in f32, and what is exact in any type:
//! movement, selection, extremes.

use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::tensor::primitive::reduced;

/// The type that values of `dtype` are computed in: f32 for narrower floats.
pub(super) fn wide_dtype(dtype: DType) -> DType {
    if dtype.is_float() && dtype.scalar.bits() < 32 { DType::F32 } else { dtype }
}

/// The type to round results to: that of all the floats among `tensors`, if it is a narrow one. Of several types no method
/// takes any; that is for its own checks to say.
pub(super) fn narrow_dtype(tensors: &[Uop]) -> Option<DType> {
    let mut floats = tensors.iter().map(|x| x.dtype()).filter(|dtype| dtype.is_float());
    let first = floats.next().filter(|dtype| wide_dtype(*dtype) != *dtype)?;
    floats.all(|dtype| dtype == first).then_some(first)
}

/// `x` in the type that it is computed in.
pub(super) fn widened(x: Uop) -> Uop {
    x.cast(wide_dtype(x.dtype()))
}

/// `x` in the type `narrow` if it is of floats.
pub(super) fn rounded(x: Uop, narrow: DType) -> Uop {
    if x.dtype().is_float() { x.cast(narrow) } else { x }
}

/// The sums of `x` along `axes`, rounded once.
pub(super) fn summed<'g>(x: Uop<'g>, axes: &[usize]) -> Uop<'g> {
    if axes.is_empty() { x } else { reduced(widened(x), Op::Add, axes).cast(x.dtype()) }
}
