//! `log2 x`: the exponent, and a polynomial of the fraction.

use super::coefficients::{LOG_32, LOG_REST_64};
use super::{Format, polynomial};
use crate::ir::Uop;

/// `2 / ln 2`.
pub const TWO_LOG2_E: f64 = 2.0 * std::f64::consts::LOG2_E;

/// `log2 x` with all special cases.
pub fn log2<'g>(x: Uop<'g>, format: &Format) -> Uop<'g> {
    let (exponent, f) = split(x, format);
    let result = if format.is_double() {
        let s = f / (f + 2.0);
        s.mulacc(series(s), exponent)
    } else {
        f.mulacc(polynomial(f, &LOG_32), exponent)
    };
    let finite = x.lt(f64::INFINITY).choose(result, x);
    let positive = x.equals(0.0).choose(x.like(f64::NEG_INFINITY), finite);
    x.lt(0.0).choose(x.like(f64::NAN), positive)
}

/// `log2((1+s)/(1-s)) / s` in f64.
pub fn series(s: Uop) -> Uop {
    let z = s * s;
    polynomial(z, &LOG_REST_64).mulacc(z, z.like(TWO_LOG2_E))
}

/// `(e, f)` with `x = 2^e (1 + f)` and `1 + f` in √½..√2, for positive finite `x`; denormals are scaled
/// up first.
pub fn split<'g>(x: Uop<'g>, format: &Format) -> (Uop<'g>, Uop<'g>) {
    let scale = format.fraction as i32 + 1;
    let tiny = x.lt(2f64.powi(1 - format.bias));
    let bits = tiny.choose(x * 2f64.powi(scale), x).bitcast(format.int);
    let half_root = if format.is_double() { 0x3fe6_a09e_667f_3bcdi64 } else { 0x3f35_04f3 };
    let exponent = (bits - half_root) >> format.fraction as i64;
    let fraction = (bits - (exponent << format.fraction as i64)).bitcast(x.dtype());
    let scaled = tiny.choose(x.like(-scale as f64), 0.0);
    (exponent.cast(x.dtype()) + scaled, fraction - 1.0)
}
