//! `2^x`, and the hyperbolic tangent of f64 by way of `2^x - 1`.

use std::f64::consts::LOG2_E;

use super::coefficients::{HALF_POWER_32, POWER_LESS_ONE_64};
use super::{Format, clamp, polynomial};
use crate::ir::Uop;

/// `2^x` with all special cases.
pub fn exp2<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    if format.is_double() { exp2_of_sum(x, None, format) } else { exp2_single(x, format) }
}

/// `2^x = (2^n 2^(g/2))²` with `n = round(x/2)` and `g = x - 2n` in -1..=1: half the exponent always
/// has a normal power of two, and the squaring overflows and underflows (gradually) as it should.
/// 14 operations, the fewest known to do so; odd integers come out within an ulp, even ones exact.
fn exp2_single<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    let x = clamp(x, -151.0, 129.0);
    let rounder = format.exponent_rounder();
    let biased = x.mulacc(x.like(0.5), x.like(rounder));
    let g = (biased - rounder).mulacc(x.like(-2.0), x);
    let root = polynomial(g, &HALF_POWER_32).mulacc(g, g.like(1.0)) * format.power_of_two(biased);
    root * root
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
    let half = bits.shr(1i64);
    let factor = |exponent: Uop<'g>| exponent.shl(format.fraction as i64).bitcast(x.dtype());
    let power = polynomial(f, &POWER_LESS_ONE_64).mulacc(f, f.like(1.0));
    power * factor(half) * factor(bits - half)
}

/// `tanh x = t / (t + 2)` with `t = e^(2|x|) - 1 = 2^n (2^f - 1) + (2^n - 1)`, which cancels nowhere.
pub fn tanh<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    // Beyond 2^60 the result is 1.
    let doubled = clamp(format.abs(x) * (2.0 * LOG2_E), 0.0, 60.0);
    let rounder = format.exponent_rounder();
    let biased = doubled + rounder;
    let f = doubled - (biased - rounder);
    let power = format.power_of_two(biased);
    let t = power.mulacc(f * polynomial(f, &POWER_LESS_ONE_64), power - 1.0);
    let sign = x.bitcast(format.int) & format.sign_bit();
    ((t / (t + 2.0)).bitcast(format.int) | sign).bitcast(x.dtype())
}
