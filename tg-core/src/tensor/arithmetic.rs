//! `+ - * / %`, minimum and maximum, powers, and the bit operations.
//!
//! Operands broadcast. Tensors must agree in dtype; number literals take the dtype of the tensor beside them.

use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};
use crate::tensor::argument::Term;
use crate::tensor::error::Error;
use crate::tensor::primitive::{filled, float, numeric, operands};
use crate::tensor::registry::theme;

theme! {
    /// `x + y`, broadcasting; integers wrap.
    @wide fn add(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        Ok(x + y)
    }

    /// `x - y`, broadcasting; integers wrap.
    @wide fn sub(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        Ok(x - y)
    }

    /// `x * y`, broadcasting; integers wrap.
    @wide fn mul(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        Ok(x * y)
    }

    /// `x / y`, broadcasting; integers truncate toward zero. On floats it is `x * (1/y)`, which may differ from the
    /// correctly rounded quotient in the last bit.
    @wide fn div(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        nonzero(x, y)?;
        Ok(match y.as_const() {
            _ if !x.dtype().is_float() => x / y,
            Some(v) if has_reciprocal(v.to_f64(), x.dtype()) => x * (1.0 / v.to_f64()),
            Some(_) => x / y,
            None if x.as_const() == Some(Value::Float(1.0)) => y.recip(),
            None => x * y.recip(),
        })
    }

    /// The remainder of `x / y` with the sign of `x`, broadcasting.
    @wide fn rem(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        nonzero(x, y)?;
        Ok(x % y)
    }

    /// `-x`; integers wrap.
    fn neg(x: Uop<'g>) -> Uop<'g> {
        Ok(-numeric(x)?)
    }

    /// The larger of `x` and `y`, broadcasting; NaN if either is. Where both are equal they share the gradient, except
    /// that a number literal takes none of it and passes none on.
    fn maximum(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(x.maximum(y))
    }

    /// The smaller of `x` and `y`, broadcasting; NaN if either is. Gradients are as for `maximum`.
    fn minimum(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = operands(x, y)?;
        Ok(reversed(reversed(x).maximum(reversed(y))))
    }

    /// `x` to the power `y`, broadcasting. Small whole exponents multiply, ±½ take square roots.
    @wide fn pow(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = numbers(x, y)?;
        match y.as_const() {
            Some(Value::Float(exponent)) => Ok(float_power(x, exponent).unwrap_or_else(|| x.alu(Op::Pow, &[y]))),
            Some(Value::Int(exponent)) if exponent < 0 => {
                let error = format!("the integer tensor {} has no power {exponent}", x.dtype());
                Err(Error::new(error).help("convert it first: `.cast::<f32>()`"))
            }
            Some(Value::Int(exponent @ 0..=16)) => Ok(whole_power(x, exponent as u32)),
            _ => Ok(x.alu(Op::Pow, &[y])),
        }
    }

    /// `x * x`.
    @wide fn square(x: Uop<'g>) -> Uop<'g> {
        numeric(x)?;
        Ok(x * x)
    }

    /// `1 / x`.
    @wide fn recip(x: Uop<'g>) -> Uop<'g> {
        Ok(float(x)?.recip())
    }

    /// `x & y` of integers or truth values, broadcasting.
    fn bit_and(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = bits(x, y)?;
        Ok(x & y)
    }

    /// `x | y` of integers or truth values, broadcasting.
    fn bit_or(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = bits(x, y)?;
        Ok(x | y)
    }

    /// `x ^ y` of integers or truth values, broadcasting.
    fn bit_xor(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = bits(x, y)?;
        Ok(x ^ y)
    }

    /// Not `x` of truth values, all bits flipped of integers.
    fn bit_not(x: Uop<'g>) -> Uop<'g> {
        Ok(!whole(x)?)
    }

    /// `x << y` of integers, broadcasting; the amount is taken modulo the width.
    fn shl(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = shift(x, y)?;
        Ok(x << y)
    }

    /// `x >> y` of integers, broadcasting; keeps the sign; the amount is taken modulo the width.
    fn shr(x: Term<'g>, y: Term<'g>) -> Uop<'g> {
        let (x, y) = shift(x, y)?;
        Ok(x >> y)
    }
}

/// Operands that are numbers.
fn numbers<'g>(x: Term<'g>, y: Term<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let (x, y) = operands(x, y)?;
    Ok((numeric(x)?, numeric(y)?))
}

/// Operands that are integers or truth values.
fn bits<'g>(x: Term<'g>, y: Term<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let (x, y) = operands(x, y)?;
    Ok((whole(x)?, whole(y)?))
}

fn shift<'g>(x: Term<'g>, y: Term<'g>) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let (x, y) = bits(x, y)?;
    Ok((numeric(x)?, y))
}

fn whole<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    match x.dtype().is_float() {
        true => Err(Error::new(format!("needs a tensor of integers or bool, got {}", x.dtype()))),
        false => Ok(x),
    }
}

fn nonzero(x: Uop, y: Uop) -> Result<(), Error> {
    match y.as_int() {
        Some(0) => Err(Error::new(format!("the {} tensor is divided by the integer 0", x.dtype()))),
        _ => Ok(()),
    }
}

/// Whether 1/v is a normal number of `dtype`, f32 or f64, and so as precise as others.
fn has_reciprocal(v: f64, dtype: DType) -> bool {
    let limit = 2f64.powi(if dtype == DType::F64 { 1022 } else { 126 });
    v.is_nan() || (1.0 / limit..=limit).contains(&v.abs())
}

/// An order-reversing map that is its own inverse: `-x` for floats; `!x` for integers, where `-x` would wrap. Constants
/// stay constants.
pub(super) fn reversed<'g>(x: Uop<'g>) -> Uop<'g> {
    match x.as_const() {
        Some(Value::Float(v)) => x.like(-v),
        _ if x.dtype().is_float() => -x,
        _ => !x,
    }
}

/// `x^exponent` where that needs no logarithm.
fn float_power<'g>(x: Uop<'g>, exponent: f64) -> Option<Uop<'g>> {
    let whole = exponent.abs() <= 16.0 && exponent.fract() == 0.0;
    match exponent {
        _ if whole && exponent < 0.0 => Some(whole_power(x, -exponent as u32).recip()),
        _ if whole => Some(whole_power(x, exponent as u32)),
        0.5 => Some(x.unary(Op::Sqrt)),
        -0.5 => Some(x.unary(Op::Sqrt).recip()),
        _ => None,
    }
}

/// `x^exponent` by repeated squaring.
fn whole_power<'g>(x: Uop<'g>, exponent: u32) -> Uop<'g> {
    let (mut result, mut square, mut left) = (None, x, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result = Some(result.map_or(square, |r: Uop<'g>| r * square));
        }
        left >>= 1;
        if left > 0 {
            square = square * square;
        }
    }
    result.unwrap_or_else(|| filled(x.like(1), x.shape()))
}
