//! What every elementwise operation means: the one definition of the language's arithmetic.
//!
//! Floats are computed in `f64` and rounded once to the dtype, which for +, −, ×, ÷ and √ of `f32` and
//! narrower is the correctly rounded result. Integers wrap.

use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Op, Value};

/// The result of `op` on `args`; `dtype` is the type of the result.
///
/// `None` where there is none: division of an integer by zero, or an op that is not elementwise.
pub fn eval(op: Op, dtype: DType, args: &[Value]) -> Option<Value> {
    use Op::*;
    Some(match (op, args) {
        (Cast, [x]) => cast(*x, dtype),
        (Where, [c, x, y]) => {
            if c.is_true() {
                *x
            } else {
                *y
            }
        }
        (Mulacc, [x, y, z]) => eval(Add, dtype, &[eval(Mul, dtype, &[*x, *y])?, *z])?,
        (_, [Value::Float(x)]) => round(unary(op, *x)?, dtype),
        (Neg, [x]) => wrap(x.as_int()?.wrapping_neg(), dtype),
        (Trunc, [x]) => *x,
        (_, [Value::Float(x), Value::Float(y)]) => binary(op, dtype, *x, *y)?,
        (_, [x, y]) => integer(op, dtype, x.as_int()?, y.as_int()?)?,
        _ => return None,
    })
}

/// The value that leaves `x op neutral == x`: what a reduction over nothing gives. `None` for what does not reduce.
pub fn neutral(op: Op, dtype: DType) -> Option<Value> {
    match (op, dtype.int_range()) {
        (Op::Add, _) => Some(Value::zero(dtype)),
        (Op::Mul, _) => Some(Value::small(dtype, 1)),
        (Op::Max, _) if dtype.is_bool() => Some(Value::Bool(false)),
        (Op::Max, Some((lo, _))) => Some(Value::Int(lo)),
        // The one format without infinities starts at its lowest number.
        (Op::Max, None) if dtype.scalar == Scalar::F8E4M3 => Some(Value::Float(-448.0)),
        (Op::Max, None) => Some(Value::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

fn unary(op: Op, x: f64) -> Option<f64> {
    Some(match op {
        Op::Neg => -x,
        Op::Recip => 1.0 / x,
        Op::Sqrt => x.sqrt(),
        Op::Exp2 => x.exp2(),
        Op::Log2 => x.log2(),
        Op::Sin => x.sin(),
        Op::Tanh => x.tanh(),
        Op::Erf => erf(x),
        Op::Trunc => x.trunc(),
        Op::Fract => {
            if x.is_infinite() {
                0.0
            } else {
                x - x.floor()
            }
        }
        Op::RoundTf32 => tf32(x as f32).into(),
        Op::CutTf32 => f32::from_bits((x as f32).to_bits() & !0x1fff).into(),
        _ => return None,
    })
}

/// The nearest number with 10 bits of fraction, ties away from zero: half a unit is added to the bits, whose exponent takes
/// the carry, and what is below a unit is cut off. Infinities come out as they are, and so do NaNs.
fn tf32(x: f32) -> f32 {
    if x.is_nan() { x } else { f32::from_bits((x.to_bits() + 0x1000) & !0x1fff) }
}

fn binary(op: Op, dtype: DType, x: f64, y: f64) -> Option<Value> {
    let float = |v| Some(round(v, dtype));
    match op {
        Op::Add => float(x + y),
        Op::Sub => float(x - y),
        Op::Mul => float(x * y),
        Op::Fdiv => float(x / y),
        Op::Mod => float(x % y),
        Op::Max => float(if x.is_nan() || x > y { x } else { y }),
        Op::Pow => float(x.powf(y)),
        // No f32 but 0 and infinity is so small or large that more would make a difference.
        Op::Ldexp => float(x * y.floor().clamp(-512.0, 512.0).exp2()),
        Op::Cmplt => Some(Value::Bool(x < y)),
        Op::Cmpne => Some(Value::Bool(x != y)),
        Op::Cmpeq => Some(Value::Bool(x == y)),
        _ => None,
    }
}

/// Integers and `bool`; a comparison's result type is `bool`, whatever the operands' width.
fn integer(op: Op, dtype: DType, x: i128, y: i128) -> Option<Value> {
    let bits = dtype.scalar.bits() as i128;
    let v = match op {
        Op::Add => x + y,
        Op::Sub => x - y,
        Op::Mul => x.wrapping_mul(y),
        Op::Idiv if y == 0 => return None,
        Op::Mod if y == 0 => return None,
        Op::Idiv if dtype.is_index() => x.div_euclid(y) - (y < 0 && x.rem_euclid(y) != 0) as i128,
        Op::Mod if dtype.is_index() => x - y * integer(Op::Idiv, dtype, x, y)?.as_int()?,
        Op::Idiv => x / y,
        Op::Mod => x % y,
        Op::Max => x.max(y),
        Op::And => x & y,
        Op::Or => x | y,
        Op::Xor => x ^ y,
        Op::Shl => x << y.rem_euclid(bits),
        Op::Shr => x >> y.rem_euclid(bits),
        Op::Pow => power(x, y, dtype)?,
        Op::Cmplt => return Some(Value::Bool(x < y)),
        Op::Cmpne => return Some(Value::Bool(x != y)),
        Op::Cmpeq => return Some(Value::Bool(x == y)),
        _ => return None,
    };
    Some(wrap(v, dtype))
}

/// Wrapping integer power; a negative exponent has no integer result.
fn power(x: i128, y: i128, dtype: DType) -> Option<i128> {
    let (mut result, mut base, mut left) = (1i128, x, u64::try_from(y).ok()?);
    while left > 0 {
        if left & 1 == 1 {
            result = wrap(result.wrapping_mul(base), dtype).as_int()?;
        }
        base = wrap(base.wrapping_mul(base), dtype).as_int()?;
        left >>= 1;
    }
    Some(result)
}

/// `x` converted to `dtype`: floats to integers truncate and saturate (NaN is 0), integers wrap.
pub fn cast(x: Value, dtype: DType) -> Value {
    match (dtype.scalar.kind(), x) {
        (Kind::Bool, x) => Value::Bool(x.is_true()),
        (Kind::Float, x) => round(x.to_f64(), dtype),
        (_, Value::Float(v)) => {
            let (lo, hi) = dtype.int_range().unwrap_or((0, 0));
            Value::Int(if v.is_nan() { 0 } else { (v as i128).clamp(lo, hi) })
        }
        (_, x) => wrap(x.as_int().unwrap_or(0), dtype),
    }
}

/// Two's complement wrapping to the width of `dtype`.
fn wrap(v: i128, dtype: DType) -> Value {
    if dtype.is_bool() {
        return Value::Bool(v & 1 != 0);
    }
    let bits = dtype.scalar.bits();
    let low = v & ((1i128 << bits) - 1);
    let negative = dtype.scalar.kind() == Kind::Signed && low >> (bits - 1) != 0;
    Value::Int(if negative { low - (1i128 << bits) } else { low })
}

/// Rounds to the nearest value of `dtype`, ties to even.
fn round(v: f64, dtype: DType) -> Value {
    Value::Float(match dtype.scalar {
        Scalar::F32 => v as f32 as f64,
        Scalar::BF16 => narrow(v, 8, -126, f32::MAX as f64, true),
        Scalar::F16 => narrow(v, 11, -14, 65504.0, true),
        Scalar::F8E5M2 => narrow(v, 3, -14, 57344.0, true),
        Scalar::F8E4M3 => narrow(v, 4, -6, 448.0, false),
        _ => v,
    })
}

/// Rounds to `precision` significant bits with exponents from `min_exp`; beyond the largest value
/// `max` the result is infinite, or NaN where the format has no infinities.
fn narrow(v: f64, precision: i32, min_exp: i32, max: f64, infinities: bool) -> f64 {
    if v == 0.0 || !v.is_finite() {
        return if v.is_infinite() && !infinities { f64::NAN } else { v };
    }
    let exponent = (((v.to_bits() >> 52) & 0x7ff) as i32 - 1023).max(min_exp);
    let ulp = 2f64.powi(exponent - precision + 1);
    let rounded = (v / ulp).round_ties_even() * ulp;
    let limit = if max == f32::MAX as f64 { 3.3895313892515355e38 } else { max };
    match rounded.abs() > limit {
        true if infinities => f64::INFINITY.copysign(v),
        true => f64::NAN,
        false => rounded,
    }
}

/// The error function to about 1e-15: the Maclaurin series near zero, a continued fraction for the tail.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a.is_nan() {
        return x;
    }
    let scale = std::f64::consts::FRAC_2_SQRT_PI;
    if a < 2.5 {
        // erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, all terms of one sign.
        let (mut term, mut sum) = (a, a);
        for n in 1..80 {
            term *= 2.0 * a * a / (2 * n + 1) as f64;
            sum += term;
        }
        return (scale * (-a * a).exp() * sum).copysign(x);
    }
    if a > 6.0 {
        return 1f64.copysign(x);
    }
    // erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …))))
    let tail = (1..120).rev().fold(a, |f, n| a + n as f64 / 2.0 / f);
    (1.0 - scale / 2.0 * (-a * a).exp() / tail).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_division_floors_and_integer_division_truncates() {
        let div = |dtype, x: i64, y: i64| eval(Op::Idiv, dtype, &[x.into(), y.into()]);
        let rem = |dtype, x: i64, y: i64| eval(Op::Mod, dtype, &[x.into(), y.into()]);
        assert_eq!(div(DType::INDEX, -7, 2), Some(Value::Int(-4)));
        assert_eq!(div(DType::INDEX, 7, -2), Some(Value::Int(-4)));
        assert_eq!(rem(DType::INDEX, -7, 2), Some(Value::Int(1)));
        assert_eq!(div(DType::I32, -7, 2), Some(Value::Int(-3)));
        assert_eq!(rem(DType::I32, -7, 2), Some(Value::Int(-1)));
        assert_eq!(div(DType::I32, 1, 0), None);
    }

    #[test]
    fn narrow_floats_round_to_even_and_overflow() {
        let to = |v, dtype| cast(Value::Float(v), dtype).to_f64();
        assert_eq!(to(1.0 + 1.0 / 2048.0, DType::F16), 1.0);
        assert_eq!(to(65520.0, DType::F16), f64::INFINITY);
        assert_eq!(to(6e-8, DType::F16), 2f64.powi(-24));
        assert_eq!(to(1.0 + 1.0 / 256.0, DType::BF16), 1.0);
        assert_eq!(to(448.0, DType::F8E4M3), 448.0);
        assert!(to(500.0, DType::F8E4M3).is_nan());
        assert_eq!(to(300.7, DType::U8), 255.0);
        assert_eq!(cast(Value::Int(300), DType::U8), Value::Int(44));
    }

    #[test]
    fn erf_matches_known_values() {
        for (x, y) in [(0.5, 0.5204998778130465), (1.0, 0.8427007929497149), (3.0, 0.9999779095030014)] {
            assert!((erf(x) - y).abs() < 1e-14 && (erf(-x) + y).abs() < 1e-14);
        }
    }
}
