//! Identities: neutral and absorbing elements, repeated operands, casts, selections.

use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::rewrite::{Pattern, konst};
use crate::rules;

rules! {
    /// Identities of arithmetic, logic and selection.
    pub fn identity;
    add_zero        [x: integral]     x + 0                              => x;
    #[inexact = "-0.0 + 0.0 is +0.0: programs do not tell the zeros of a sum apart, and padding makes many such sums"]
    add_zero_float  [x: float]        x + 0                              => x;
    sub_zero        [x: number]       x - 0                              => x;
    sub_self        [x: int]          x - x                              => x.like(0);
    mul_one         [x: number]       x * 1                              => x;
    mul_zero        [x: int]          x * 0                              => x.like(0);
    mul_minus_one   [x: float]        x * (-1)                           => -x;
    fdiv_one        [x: float]        x.fdiv(1)                          => x;
    div_one         [x: int]          x / 1                              => x;
    mod_one         [x: int]          x % 1                              => x.like(0);
    mod_small       [x: int, y]       x % y                              => x, if x.vmin() >= 0 && x.vmax() < y.vmin();
    neg_neg         [x: number]       -(-x)                              => x;
    add_fold        [x: int, a, b]    (x + konst(a)) + konst(b)          => x + (a + b);
    mul_fold        [x: int, a, b]    (x * konst(a)) * konst(b)          => x * (a * b);
    round_twice     [x: float]        x.unary(Op::RoundTf32).unary(Op::RoundTf32) => x.unary(Op::RoundTf32);
    cut_rounded     [x: float]        x.unary(Op::RoundTf32).unary(Op::CutTf32) => x.unary(Op::RoundTf32);
    max_self        [x: number]       x.maximum(x)                       => x;
    max_bounds      [x: int, y]       x.maximum(y)                       => larger(x, y)?;
    max_fold        [x: number, a, b] x.maximum(konst(a)).maximum(konst(b)) => x.maximum(a.maximum(b));

    and_self        [x: integral]     x & x                              => x;
    or_self         [x: integral]     x | x                              => x;
    xor_self        [x: integral]     x ^ x                              => x.like(0);
    and_true        [x: bool]         x & true                           => x;
    and_false       [x: bool]         x & false                          => x.like(false);
    or_true         [x: bool]         x | true                           => x.like(true);
    or_false        [x: bool]         x | false                          => x;
    xor_false       [x: bool]         x ^ false                          => x;
    and_zero        [x: int]          x & 0                              => x.like(0);
    and_ones        [x: int]          x & (-1)                           => x;
    or_zero         [x: int]          x | 0                              => x;
    xor_zero        [x: int]          x ^ 0                              => x;
    not_not         [x: integral, a]  (x ^ konst(a)) ^ konst(a)          => x;
    and_not         [x: bool]         x & !x                             => x.like(false);
    or_not          [x: bool]         x | !x                             => x.like(true);
    and_twice       [x: integral, y]  (x & y) & y                        => x & y;
    or_twice        [x: integral, y]  (x | y) | y                        => x | y;
    shl_zero        [x: int]          x.binary(Op::Shl, 0)               => x;
    shr_zero        [x: int]          x.binary(Op::Shr, 0)               => x;

    where_same      [c: bool, x]      c.choose(x, x)                     => x;
    where_bool      [c: bool]         c.choose(true, false)              => c;
    where_not_bool  [c: bool]         c.choose(false, true)              => !c;
    where_and_bool  [c: bool, x: bool]  c.choose(x, false)               => c & x;
    where_or_bool   [c: bool, x: bool]  c.choose(true, x)                => c | x;
    where_not       [c: bool, x, y]   (!c).choose(x, y)                  => c.choose(y, x);
    where_where_yes [c: bool, x, y, z]  c.choose(c.choose(x, y), z)      => c.choose(x, z);
    where_where_no  [c: bool, x, y, z]  c.choose(x, c.choose(y, z))      => c.choose(x, z);
    where_and       [c: bool, d: bool, x, y]  c.choose(d.choose(x, y), y) => (c & d).choose(x, y);

    cast_same       [x, n]            x.unary(Op::Cast).named(n)         => x, if n.dtype() == x.dtype();
    cast_cast       [x, m, n]         x.unary(Op::Cast).named(m).unary(Op::Cast).named(n)
                                      => x.cast(n.dtype()), if loses_nothing(x, m, n);
    bitcast_same    [x, n]            x.unary(Op::Bitcast).named(n)      => x, if n.dtype() == x.dtype();
    bitcast_bitcast [x, n]            x.unary(Op::Bitcast).unary(Op::Bitcast).named(n)
                                      => x.bitcast(n.dtype()), if n.dtype().lanes == x.dtype().lanes;
}

/// The operand that is never the smaller one.
fn larger<'g>(x: Uop<'g>, y: Uop<'g>) -> Option<Uop<'g>> {
    if x.vmin() >= y.vmax() { Some(x) } else { (y.vmin() >= x.vmax()).then_some(y) }
}

/// Whether `m = cast(x)`, `n = cast(m)` is `cast(x)` to the dtype of `n`: `m` holds every value of `x`
/// exactly, or what it drops is dropped by `n` anyway (integers, which wrap). A float to integer saturates
/// where an integer would wrap, so there `n` must hold every value too.
fn loses_nothing(x: Uop<'_>, m: Uop<'_>, n: Uop<'_>) -> bool {
    let narrower = n.dtype().scalar.bits() <= m.dtype().scalar.bits();
    let integer = |u: Uop<'_>| u.dtype().is_int();
    let saturates = m.dtype().is_float() && integer(n) && !x.dtype().is_float();
    let wraps = integer(x) && integer(m) && integer(n) && narrower;
    wraps || holds_exactly(x, m.dtype()) && (!saturates || holds_exactly(x, n.dtype()))
}

/// Whether every value of `x` can be represented in `dtype`.
fn holds_exactly(x: Uop<'_>, dtype: DType) -> bool {
    match (x.bounds(), dtype.int_range()) {
        (Some((lo, hi)), Some((min, max))) => !dtype.is_bool() && min <= lo && hi <= max || x.dtype() == dtype,
        (Some((lo, hi)), None) => exact_integers(dtype).is_some_and(|limit| -limit <= lo && hi <= limit),
        (None, _) => x.dtype().is_float() && dtype.is_float() && widens(x.dtype(), dtype),
    }
}

/// Up to which magnitude a float dtype holds all integers: 2 to its bits of precision.
fn exact_integers(dtype: DType) -> Option<i128> {
    match dtype {
        DType::F64 => Some(1 << 53),
        DType::F32 => Some(1 << 24),
        DType::F16 => Some(1 << 11),
        DType::BF16 => Some(1 << 8),
        _ => None,
    }
}

/// Whether the float dtype `to` holds every value of `from`.
fn widens(from: DType, to: DType) -> bool {
    from == to || to == DType::F64 || to == DType::F32 && from.scalar.bits() <= 16
}
