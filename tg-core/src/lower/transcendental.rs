//! EXP2, LOG2, SIN, TANH, ERF and POW as arithmetic, so that kernels need no math library.
//!
//! Each function maps an expression to one of adds, multiplies, divisions, comparisons, selections and
//! bit operations, on scalars and vectors alike: no tables, no branches. f32 and f64 are computed in
//! their own format (SIN and POW of f32 in f64), narrower floats in f32.
//!
//! Error bounds, against the exact result; an ulp is the distance between neighbouring floats there.
//! They hold whether or not MULACC rounds in between. In brackets what `tools/exhaustive.rs` measured over
//! all f32, MULACC rounded once.
//!
//! | op | f32 | f64 |
//! |---|---|---|
//! | EXP2 | 2.01 ulp (1.62), denormal results included | 1e-15 relative |
//! | LOG2 | 2 ulp (1.68) | 2e-15 relative |
//! | SIN | 1 ulp (0.501) for \|x\| ≤ 1e8 | 1e-15 relative for \|x\| ≤ 1e8 |
//! | TANH | 3 ulp (2.52) | 2e-15 relative |
//! | ERF | 4 ulp (2.89) | 4e-15 relative |
//! | POW | 1 ulp | 1e-14 relative, denormal results to 1 ulp |
//!
//! Where FRACT and LDEXP are instructions, EXP2 of f32 is made of them instead: 1.5 ulp (1.41).
//! On GPUs EXP2 and LOG2 of f32 are instructions instead (`render/ptx/operators.rs`), and quotients of f32, whose divisors are
//! between 1 and 2^126 here, are products with RECIP, so that TANH is within 4 ulp.
//!
//! SIN of larger numbers loses `|x| * 2^-52` absolutely, and stays within -1..=1. Special values are
//! those of IEEE 754: NaN and infinities, signed zeros, denormal operands and results, overflow.
//!
//! Requires that nothing reassociates float arithmetic afterwards: rounding to an integer is
//! `(x + 1.5*2^23) - 1.5*2^23`.

mod coefficients;
mod error_function;
mod exponential;
mod logarithm;
mod power;
mod sine;

use crate::dtype::{DType, Scalar};
use crate::ir::{Op, Uop};
use crate::target::Isa;

/// The expression that computes `node` on `isa` without EXP2, LOG2, SIN, TANH, ERF or POW at its root; `None`
/// if it is none of these on floats, and stays as it is.
pub fn decompose(node: Uop, isa: Isa) -> Option<Uop> {
    use Op::*;
    if isa.has_scaling() && node.op() == Exp2 && SCALED.iter().any(|lanes| node.dtype() == DType::F32.vec(*lanes)) {
        return Some(exponential::exp2_scaled(node.src(0)));
    }
    if !matches!(node.op(), Exp2 | Log2 | Sin | Tanh | Erf | Pow) || !node.dtype().is_float() {
        return None;
    }
    let dtype = node.dtype();
    match dtype.scalar {
        Scalar::F32 | Scalar::F64 => Some(native(node.op(), &node.srcs().collect::<Vec<_>>())),
        _ => {
            let wide: Vec<Uop> = node.srcs().map(|x| x.cast(DType::F32.vec(dtype.lanes))).collect();
            Some(native(node.op(), &wide).cast(dtype))
        }
    }
}

/// Lanes for which FRACT and LDEXP are instructions, where they are.
const SCALED: [u16; 4] = [1, 4, 8, 16];

/// `op` on f32 or f64.
fn native<'g>(op: Op, args: &[Uop<'g>]) -> Uop<'g> {
    let (x, format) = (args[0], Format::of(args[0].dtype()));
    match op {
        Op::Exp2 => exponential::exp2(x, &format),
        Op::Log2 => logarithm::log2(x, &format),
        Op::Sin if format.is_double() => sine::sin(x, &coefficients::SINE_64),
        Op::Sin => sine::sin(x.cast(format.double()), &coefficients::SINE_32).cast(x.dtype()),
        Op::Tanh => exponential::tanh(x, &format),
        Op::Erf => error_function::erf(x, &format),
        Op::Pow if format.is_double() => power::pow(x, args[1], power::exponent_precise),
        Op::Pow => {
            let wide = |x: Uop<'g>| x.cast(format.double());
            power::pow(wide(x), wide(args[1]), power::exponent).cast(x.dtype())
        }
        _ => args[0].alu(op, &args[1..]),
    }
}

/// The layout of f32 or f64.
struct Format {
    /// Integers of the same width and lane count.
    int: DType,
    /// Bits of the fraction.
    fraction: u32,
    /// What is added to the exponent.
    bias: i32,
}

impl Format {
    fn of(dtype: DType) -> Format {
        match dtype.scalar {
            Scalar::F64 => Format { int: DType::I64.vec(dtype.lanes), fraction: 52, bias: 1023 },
            _ => Format { int: DType::I32.vec(dtype.lanes), fraction: 23, bias: 127 },
        }
    }

    fn is_double(&self) -> bool {
        self.fraction == 52
    }

    /// f64 of the same lane count.
    fn double(&self) -> DType {
        DType::F64.vec(self.int.lanes)
    }

    /// Added to a small number, it leaves the number rounded to an integer in the lowest bits.
    fn rounder(&self) -> f64 {
        1.5 * 2f64.powi(self.fraction as i32)
    }

    /// A [`Format::rounder`] for exponents: it leaves the exponent with its bias added.
    fn exponent_rounder(&self) -> f64 {
        self.rounder() + self.bias as f64
    }

    /// `2^n`, where `n + exponent_rounder()` was computed as `biased`.
    fn power_of_two<'g>(&self, biased: Uop<'g>) -> Uop<'g> {
        (biased.bitcast(self.int) << self.fraction as i64).bitcast(biased.dtype())
    }

    /// The bit that holds the sign, alone.
    fn sign_bit(&self) -> i128 {
        if self.is_double() { i64::MIN as i128 } else { i32::MIN as i128 }
    }

    /// `|x|`.
    fn abs<'g>(&self, x: Uop<'g>) -> Uop<'g> {
        (x.bitcast(self.int) & !self.sign_bit()).bitcast(x.dtype())
    }

    /// `size`, which is not negative, with the sign of `x`.
    fn with_sign_of<'g>(&self, x: Uop<'g>, size: Uop<'g>) -> Uop<'g> {
        (size.bitcast(self.int) | (x.bitcast(self.int) & self.sign_bit())).bitcast(x.dtype())
    }
}

/// `c[0] + c[1] x + c[2] x² + …`
fn polynomial<'g>(x: Uop<'g>, coefficients: &[f64]) -> Uop<'g> {
    let (last, rest) = coefficients.split_last().unwrap_or((&0.0, &[]));
    rest.iter().rev().fold(x.like(*last), |sum, &c| sum.mulacc(x, x.like(c)))
}

/// `x` brought within `lo..=hi`; NaN stays. Each side is one vector instruction: the operands stand in
/// the order in which the hardware's minimum and maximum return the second on NaN.
fn clamp(x: Uop, lo: f64, hi: f64) -> Uop {
    let x = x.lt(lo).choose(x.like(lo), x);
    x.like(hi).lt(x).choose(x.like(hi), x)
}

#[cfg(test)]
mod tests;
