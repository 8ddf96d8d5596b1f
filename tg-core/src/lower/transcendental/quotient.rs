//! TANH of f32 and ERF: odd functions as `x P(x²)/Q(x²)`, all coefficients positive, so that nothing
//! cancels.

use super::coefficients::{ERF_BOTTOM_32, ERF_BOTTOM_64, ERF_TOP_32, ERF_TOP_64, TANH_BOTTOM_32, TANH_TOP_32};
use super::{Format, clamp, polynomial};
use crate::ir::Uop;

/// `tanh x` for f32.
pub fn tanh(x: Uop) -> Uop {
    odd(x, 9.02, &TANH_TOP_32, &TANH_BOTTOM_32)
}

/// The error function.
pub fn erf<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    if format.is_double() {
        odd(x, 5.93, &ERF_TOP_64, &ERF_BOTTOM_64)
    } else {
        odd(x, 3.925, &ERF_TOP_32, &ERF_BOTTOM_32)
    }
}

/// `x P(x²)/Q(x²)`, constant beyond `last`, and never beyond 1.
fn odd<'g>(x: Uop<'g>, last: f64, top: &[f64], bottom: &[f64]) -> Uop<'g> {
    let x = clamp(x, -last, last);
    let y = x * x;
    clamp(x * polynomial(y, top) / polynomial(y, bottom), -1.0, 1.0)
}
