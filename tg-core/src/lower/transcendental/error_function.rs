//! The error function.

use super::coefficients::{ERF_BOTTOM_64, ERF_FAR_32, ERF_NEAR_32, ERF_TOP_64};
use super::{Format, clamp, polynomial};
use crate::ir::Uop;

/// `erf x`.
pub fn erf<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    if format.is_double() { erf_double(x) } else { erf_single(x, format) }
}

/// `x P(x²)/Q(x²)`, all coefficients positive, so that nothing cancels.
fn erf_double(x: Uop) -> Uop {
    let x = clamp(x, -5.93, 5.93);
    let y = x * x;
    clamp(x * polynomial(y, &ERF_TOP_64) / polynomial(y, &ERF_BOTTOM_64), -1.0, 1.0)
}

/// `x + x P(x²)` up to 1, `1 - 1/u(|x|)^8` beyond: the parts that are rounded often are small beside
/// those that are not. 27 operations.
fn erf_single<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    let near = x.mulacc(polynomial(x * x, &ERF_NEAR_32), x);
    let size = format.abs(x);
    // Where the result is 1.
    let size = size.like(3.93).lt(size).choose(size.like(3.93), size);
    let u = polynomial(size, &ERF_FAR_32);
    let u4 = (u * u) * (u * u);
    let far = u.like(1.0) - (u4 * u4).recip();
    size.lt(1.0).choose(near, format.with_sign_of(x, far))
}
