//! `sin x` in f64.

use std::f64::consts::{FRAC_1_PI, FRAC_PI_2};

use super::coefficients::PI_PARTS;
use super::{Format, clamp, polynomial};
use crate::ir::Uop;

/// `sin x = (-1)^n sin(x - nπ)`, `n` the nearest integer to `x/π`. `n` times each of the first two parts
/// of π is exact for `|n| < 2^25`; `rest` are the coefficients of `(sin(r)/r - 1) / r²`.
pub fn sin<'g>(x: Uop<'g>, rest: &[f64]) -> Uop<'g> {
    let format = Format::of(x.dtype());
    let shifted = x.mulacc(x.like(FRAC_1_PI), x.like(format.rounder()));
    let n = shifted - format.rounder();
    let reduced = PI_PARTS.iter().fold(x, |r, &part| n.mulacc(n.like(-part), r));
    let sign = shifted.bitcast(format.int) << 63i64;
    let signed = (clamp(reduced, -FRAC_PI_2, FRAC_PI_2).bitcast(format.int) ^ sign).bitcast(x.dtype());
    let y = signed * signed;
    // The product keeps the sign of zero; adding to `signed` would not.
    signed * polynomial(y, rest).mulacc(y, y.like(1.0))
}
