//! Inclusive integer bounds of a node, from the bounds of its sources: interval arithmetic.
//!
//! Bounds that leave the dtype's range say nothing (the value wrapped), except on `index`, which does
//! not wrap.

use crate::dtype::DType;
use crate::ir::{Arg, Op, Uop, Value};

type Interval = (i128, i128);

pub(super) fn infer(op: Op, dtype: DType, arg: &Arg, src: &[Uop]) -> Option<Interval> {
    let full = dtype.int_range().filter(|_| dtype.space.is_none() && dtype.lanes != 0)?;
    let known = match (op, arg) {
        (Op::Const, Arg::Value(v)) => v.as_int().map(|v| (v, v)),
        (Op::DefineVar, Arg::Var(v)) => Some((v.min as i128, v.max as i128)),
        (Op::Iota, Arg::Shape(shape)) => shape.first().map(|n| (0, (n.upper() as i128 - 1).max(0))),
        (Op::Range | Op::Special, _) => src.first().map(|n| (0, last(*n))),
        (Op::Vectorize | Op::Shuffle, _) => hull(src),
        _ if op.is_alu() => alu(op, dtype, src),
        _ if op.class() == crate::ir::Class::Movement => src.first().and_then(|s| movement(op, *s)),
        _ => None,
    };
    known.filter(|k| k.0 >= full.0 && k.1 <= full.1).or(Some(full))
}

/// The last value of a loop counter. A loop that may be empty is taken to have two iterations at least: were its
/// counter folded to 0, what it loads could move out of the loop, and happen even where the loop is empty.
fn last(size: Uop) -> i128 {
    let least = if size.vmin() < 1 && size.vmax() > 0 { 1 } else { 0 };
    (size.vmax() - 1).max(least)
}

/// PAD and masked views may insert zeros.
fn movement(op: Op, src: Uop) -> Option<Interval> {
    let (lo, hi) = src.bounds()?;
    Some(if matches!(op, Op::Pad | Op::View) { (lo.min(0), hi.max(0)) } else { (lo, hi) })
}

fn hull(src: &[Uop]) -> Option<Interval> {
    let mut all = src.iter().map(|s| s.bounds());
    let first = all.next()??;
    all.try_fold(first, |(lo, hi), b| b.map(|(l, h)| (lo.min(l), hi.max(h))))
}

fn alu(op: Op, dtype: DType, src: &[Uop]) -> Option<Interval> {
    if op == Op::Where {
        return hull(&src[1..]);
    }
    let (a, b) = src.first()?.bounds()?;
    if src.len() == 1 {
        return match op {
            Op::Cast => Some((a, b)).filter(|_| !dtype.is_bool()),
            Op::Neg => Some((-b, -a)),
            _ => None,
        };
    }
    let (c, d) = src.get(1)?.bounds()?;
    let corners = |f: fn(i128, i128) -> Option<i128>| -> Option<Interval> {
        let all = [f(a, c)?, f(a, d)?, f(b, c)?, f(b, d)?];
        Some((*all.iter().min()?, *all.iter().max()?))
    };
    match op {
        Op::Add => Some((a + c, b + d)),
        Op::Sub => Some((a - d, b - c)),
        Op::Mul => corners(i128::checked_mul),
        Op::Max => Some((a.max(c), b.max(d))),
        Op::Idiv if c > 0 && dtype.is_index() => corners(|x, y| Some(x.div_euclid(y))),
        Op::Idiv if c > 0 => corners(|x, y| Some(x / y)),
        Op::Mod if c > 0 && dtype.is_index() => Some(modulo(a, b, c, d)),
        Op::Mod if c > 0 && a >= 0 => Some(modulo(a, b, c, d)),
        Op::And if a >= 0 && c >= 0 => Some((0, b.min(d))),
        Op::Or if dtype.is_bool() => Some((a.max(c), b.max(d))),
        Op::Shr if c == d && shifts(dtype).contains(&c) => Some((a >> c, b >> c)),
        Op::Shl if c == d && shifts(dtype).contains(&c) => Some((a.checked_mul(1 << c)?, b.checked_mul(1 << c)?)),
        Op::Cmplt => Some(truth(b < c, a >= d)),
        Op::Cmpne => Some(truth(b < c || a > d, a == b && c == d && a == c)),
        Op::Cmpeq => Some(truth(a == b && c == d && a == c, b < c || a > d)),
        _ => None,
    }
}

/// The amounts that shift by what they say; others are taken modulo the width.
fn shifts(dtype: DType) -> std::ops::Range<i128> {
    0..dtype.scalar.bits() as i128
}

/// `x mod y` for `x` in `a..=b`, `y` in `c..=d`, `c > 0`, floored.
fn modulo(a: i128, b: i128, c: i128, d: i128) -> Interval {
    if c == d && a.div_euclid(c) == b.div_euclid(c) {
        return (a.rem_euclid(c), b.rem_euclid(c));
    }
    (0, if a >= 0 { b.min(d - 1) } else { d - 1 })
}

fn truth(always: bool, never: bool) -> Interval {
    (always as i128, !never as i128)
}

/// The constant a node must be, if its bounds leave only one value.
impl<'g> Uop<'g> {
    /// The only value the bounds leave, if there is one.
    pub fn only_value(self) -> Option<Value> {
        let (lo, hi) = self.bounds()?;
        let v = if self.dtype().is_bool() { Value::Bool(lo != 0) } else { Value::Int(lo) };
        (lo == hi).then_some(v)
    }
}
