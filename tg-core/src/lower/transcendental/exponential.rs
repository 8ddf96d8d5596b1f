//! `2^x`, and the hyperbolic tangent by way of `e^x - 1`.

use std::f64::consts::LOG2_E;

use super::coefficients::{EXP_REST_32, EXP_REST_64, FRACTION_32, HALF_LN_2_32, HALF_LN_2_64, POWER_32, POWER_64};
use super::{Format, clamp, polynomial};
use crate::ir::{Op, Uop};

/// `2^x` with all special cases.
pub fn exp2<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    if format.is_double() { exp2_of_sum(x, None, format) } else { exp2_single(x, format) }
}

/// `2^x = 2^g 2^n 2^n` with `n = round(x/2)` and `g = x - 2n` in -1..=1: half the exponent always has a
/// normal power of two, so overflow and gradual underflow happen by themselves in the last product, and
/// the polynomial is exact at -1, 0 and 1. 15 operations.
fn exp2_single<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    let x = clamp(x, -151.0, 129.0);
    let rounder = format.exponent_rounder();
    let biased = x.mulacc(x.like(0.5), x.like(rounder));
    let g = (biased - rounder).mulacc(x.like(-2.0), x);
    let factor = format.power_of_two(biased);
    polynomial(g, &POWER_32).mulacc(g, g.like(1.0)) * factor * factor
}

/// `2^x = 2^f 2^⌊x⌋` with `f = x - ⌊x⌋`: infinities have `f = 0`, and LDEXP gives what is too large or too small by itself.
/// 9 operations.
pub fn exp2_scaled(x: Uop) -> Uop {
    let f = x.unary(Op::Fract);
    polynomial(f, &FRACTION_32).mulacc(f, f.like(1.0)).alu(Op::Ldexp, &[x])
}

/// `2^(x + low)` in f64 for a `low` below the precision of `x`: `2^n` is applied as two factors, each
/// normal, so that integers come out exact.
pub fn exp2_of_sum<'g>(x: Uop<'g>, low: Option<Uop<'g>>, format: &Format) -> Uop<'g> {
    let x = clamp(x, -1076.0, 1025.0);
    // Both halves of the integer carry their bias.
    let rounder = format.rounder() + 2.0 * format.bias as f64;
    let biased = x + rounder;
    let f = x - (biased - rounder);
    let f = low.map_or(f, |low| f + low);
    let bits = biased.bitcast(format.int);
    let half = bits >> 1i64;
    let factor = |exponent: Uop<'g>| (exponent << format.fraction as i64).bitcast(x.dtype());
    let power = polynomial(f, &POWER_64).mulacc(f, f.like(1.0));
    power * factor(half) * factor(bits - half)
}

/// `tanh x = t / (t + 2)` with `t = e^(2|x|) - 1 = 2^n (e^(2r) - 1) + (2^n - 1)`, which cancels nowhere;
/// `r = |x| - n ln 2/2` is `|x|` itself near zero, where every rounding counts. 21 operations.
pub fn tanh<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    // Where the result is 1.
    let last = if format.is_double() { 20.0 } else { 10.0 };
    let size = format.abs(x);
    let size = size.like(last).lt(size).choose(size.like(last), size);
    let rounder = format.exponent_rounder();
    let biased = size.mulacc(size.like(2.0 * LOG2_E), size.like(rounder));
    let n = biased - rounder;
    let parts = if format.is_double() { HALF_LN_2_64 } else { HALF_LN_2_32 };
    let r = parts.iter().fold(size, |r, &part| n.mulacc(n.like(-part), r));
    let rest = if format.is_double() { polynomial(r, &EXP_REST_64) } else { polynomial(r, &EXP_REST_32) };
    let power = format.power_of_two(biased);
    let t = power.mulacc((r * r).mulacc(rest, r + r), power - 1.0);
    format.with_sign_of(x, t / (t + 2.0))
}
