//! Exponentials, logarithms, trigonometry, roots and rounding of single elements.

use std::f64::consts::{LN_2, LOG2_E, LOG10_2};

use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::tensor::error::Error;
use crate::tensor::primitive::{float, numeric};
use crate::tensor::registry::theme;

theme! {
    /// `e^x`.
    @wide fn exp(x: Uop<'g>) -> Uop<'g> {
        Ok((float(x)? * LOG2_E).unary(Op::Exp2))
    }

    /// `2^x`.
    @wide fn exp2(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Exp2))
    }

    /// `e^x - 1`, accurate near 0: below 1 it is `2t / (1 - t)` with `t = tanh(x/2)`, which cancels nothing.
    @wide fn expm1(x: Uop<'g>) -> Uop<'g> {
        let t = (-(-float(x)?).maximum(-1.0) * 0.5).unary(Op::Tanh);
        let small = t * 2.0 * (-t + 1.0).recip();
        Ok(x.lt(1.0).choose(small, exp(x)? - 1.0))
    }

    /// The natural logarithm.
    @wide fn log(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Log2) * LN_2)
    }

    /// The base-2 logarithm.
    @wide fn log2(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Log2))
    }

    /// The base-10 logarithm.
    @wide fn log10(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Log2) * LOG10_2)
    }

    /// `ln(1 + x)`, accurate near 0: there it is the series of `2 artanh(s)` with `s = x / (2 + x)`.
    @wide fn log1p(x: Uop<'g>) -> Uop<'g> {
        let small = artanh_series(x * (float(x)? + 2.0).recip()) * 2.0;
        let near = x.maximum(-x).lt(0.25);
        Ok(near.choose(small, log(x + 1.0)?))
    }

    /// The square root.
    @wide fn sqrt(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Sqrt))
    }

    /// `1 / √x`.
    @wide fn rsqrt(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Sqrt).recip())
    }

    /// The sine of `x` in radians.
    @wide fn sin(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Sin))
    }

    /// The cosine of `x` in radians.
    @wide fn cos(x: Uop<'g>) -> Uop<'g> {
        Ok(cosine(float(x)?))
    }

    /// The tangent of `x` in radians.
    @wide fn tan(x: Uop<'g>) -> Uop<'g> {
        Ok(sin(x)? * cos(x)?.recip())
    }

    /// The hyperbolic tangent.
    @wide fn tanh(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Tanh))
    }

    /// The error function.
    @wide fn erf(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Erf))
    }

    /// `|x|`; integers wrap. The gradient at 0 is 0.
    fn abs(x: Uop<'g>) -> Uop<'g> {
        // max(x, -x) may return either zero, and |-0| is +0.
        let largest = numeric(x)?.maximum(-x);
        Ok(match x.dtype().is_float() {
            true => x.differs(0).choose(largest, 0),
            false if x.vmin() >= 0 => x,
            false => largest,
        })
    }

    /// -1, 0 or 1 as `x` is negative, zero or positive; NaN stays. The gradient is 0.
    fn sign(x: Uop<'g>) -> Uop<'g> {
        let one = numeric(x)?.like(1);
        let positive = x.like(0).lt(x);
        // What is left is zero or NaN: TRUNC keeps it and has the gradient 0.
        let rest = positive.choose(one, if x.dtype().is_float() { x.unary(Op::Trunc) } else { x });
        Ok(if x.vmin() >= 0 { rest } else { x.lt(0).choose(x.like(-1), rest) })
    }

    /// The whole number next to `x` toward zero.
    fn trunc(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.unary(Op::Trunc))
    }

    /// The largest whole number not above `x`.
    fn floor(x: Uop<'g>) -> Uop<'g> {
        let whole = float(x)?.unary(Op::Trunc);
        Ok(x.lt(whole).choose(whole - 1.0, whole))
    }

    /// The smallest whole number not below `x`.
    fn ceil(x: Uop<'g>) -> Uop<'g> {
        let whole = float(x)?.unary(Op::Trunc);
        Ok(whole.lt(x).choose(whole + 1.0, whole))
    }

    /// The nearest whole number; halves go to the even one.
    fn round(x: Uop<'g>) -> Uop<'g> {
        let below = floor(x)?;
        // x - floor(x) is exact wherever x is not whole; 2·trunc(n/2) = n tells even numbers.
        let rest = x - below;
        let odd = ((below * 0.5).unary(Op::Trunc) * 2.0).differs(below);
        let up = rest.like(0.5).lt(rest) | (rest.equals(0.5) & odd);
        Ok(up.choose(below + 1.0, below))
    }

    /// The nearest number with the 10 bits of fraction of TensorFloat-32, ties away from zero; it stays an f32. The relative
    /// error is at most 2⁻¹¹, beyond the largest comes infinity, and the gradient passes as if nothing were rounded. GPUs
    /// multiply matrices of which both are rounded so by their matrix units. Narrower floats have no more bits and stay.
    fn round_tf32(x: Uop<'g>) -> Uop<'g> {
        match float(x)?.dtype() {
            DType::F32 => Ok(x.unary(Op::RoundTf32)),
            DType::F64 => Err(Error::new("needs a tensor of f32 or narrower floats, got f64")
                .help("convert it first: `.cast::<f32>()`")),
            _ => Ok(x),
        }
    }
}

/// `1 - 2 sin²(x/2)`: halving is exact, where `x + π/2` would round a large `x`.
pub(super) fn cosine(x: Uop) -> Uop {
    let sine = (x * 0.5).unary(Op::Sin);
    sine * sine * -2.0 + 1.0
}

/// `s + s³/3 + s⁵/5 + …` for |s| < 1/7, to the precision of the dtype.
fn artanh_series(s: Uop) -> Uop {
    let terms = if s.dtype() == DType::F64 { 9 } else { 4 };
    let s2 = s * s;
    let series =
        (0..terms).rev().fold(s.like(1.0 / (2 * terms + 1) as f64), |sum, k| sum * s2 + 1.0 / (2 * k + 1) as f64);
    s * series
}

/// The largest `x` of which `e^x` is safely finite.
pub(super) fn exp_limit(dtype: DType) -> f64 {
    if dtype == DType::F64 { 700.0 } else { 87.0 }
}
