//! How small and how large floats of f32 can be, where the operations before say so, as bounds of an activation's operand do.
//!
//! The approximations of the hardware take denormals for zero. Where there may be some, ptxas scales them before and
//! after, in three instructions for EXP2 and four for RECIP. Where there can be none, the instruction alone does.

use rustc_hash::FxHashMap;

use crate::ir::{Op, Uop};

/// What the lanes of a value are between, NaN aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    low: f64,
    high: f64,
}

/// Ranges of values that were met; of others nothing is known.
pub(super) type Ranges<'g> = FxHashMap<Uop<'g>, Range>;

/// The exponent of the smallest normal f32; that of the largest is one more in size.
const LEAST: f64 = -126.0;
/// More than an operation of f32 errs by, as a part of its result.
const SLACK: f64 = 1e-6;

/// EXP2 or RECIP of f32 for operands and results that are no denormals, if `ranges` says that they are not.
pub(super) fn flushing<'g>(node: Uop<'g>, ranges: &Ranges<'g>) -> Option<&'static str> {
    let Range { low, high } = *ranges.get(&node.src(0))?;
    let normal = LEAST.exp2()..=(-LEAST).exp2();
    match node.op() {
        Op::Exp2 if low >= LEAST => Some("ex2.approx.ftz.f32 $d, $0;"),
        Op::Recip if normal.contains(&low) && normal.contains(&high) => Some("rcp.approx.ftz.f32 $d, $0;"),
        _ => None,
    }
}

/// The range of `node`, an operation on f32, if there is a bound on either side.
pub(super) fn range<'g>(node: Uop<'g>, ranges: &Ranges<'g>) -> Option<Range> {
    let of = |at: usize| match node.src(at).as_const() {
        Some(v) => Range { low: v.to_f64(), high: v.to_f64() },
        None => ranges.get(&node.src(at)).copied().unwrap_or(Range::ALL),
    };
    let product = || if node.src(0) == node.src(1) { of(0).square() } else { of(0).times(of(1)) };
    let exact = match node.op() {
        Op::Neg => Range { low: -of(0).high, high: -of(0).low },
        Op::Max => Range { low: of(0).low.max(of(1).low), high: of(0).high.max(of(1).high) },
        Op::Add => of(0).plus(of(1)),
        Op::Mul => product(),
        Op::Mulacc => product().plus(of(2)),
        Op::Exp2 => Range { low: of(0).low.exp2(), high: of(0).high.exp2() },
        _ => return None,
    };
    let range = exact.widened();
    (range != Range::ALL).then_some(range)
}

impl Range {
    const ALL: Range = Range { low: f64::NEG_INFINITY, high: f64::INFINITY };

    fn plus(self, other: Range) -> Range {
        Range { low: self.low + other.low, high: self.high + other.high }
    }

    fn times(self, other: Range) -> Range {
        let ends = [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        // Zero times infinity.
        if ends.iter().any(|end| end.is_nan()) {
            return Range::ALL;
        }
        Range {
            low: ends.into_iter().fold(f64::INFINITY, f64::min),
            high: ends.into_iter().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    fn square(self) -> Range {
        let all = self.times(self);
        Range { low: all.low.max(0.0), ..all }
    }

    /// With room for what is rounded; beyond all f32 there is no bound.
    fn widened(self) -> Range {
        let beyond = f64::from(f32::MAX);
        let (low, high) = (self.low - SLACK * self.low.abs(), self.high + SLACK * self.high.abs());
        Range {
            low: if low.is_nan() || low < -beyond { f64::NEG_INFINITY } else { low },
            high: if high.is_nan() || high > beyond { f64::INFINITY } else { high },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Arg, Graph, Value, eval};

    /// The ranges of everything under `root`.
    fn ranges(root: Uop<'_>) -> Ranges<'_> {
        let mut ranges = Ranges::default();
        for node in root.toposort() {
            if let Some(range) = range(node, &ranges) {
                ranges.insert(node, range);
            }
        }
        ranges
    }

    /// The value of every node under `root` where the one variable is `x`.
    fn values<'g>(root: Uop<'g>, x: f64) -> FxHashMap<Uop<'g>, Value> {
        let mut values = FxHashMap::default();
        for node in root.toposort() {
            let args: Vec<Value> = node.srcs().map(|source| values[&source]).collect();
            let computed = || eval(node.op(), node.dtype(), &args).expect("floats have values");
            values.insert(node, if node.arity() > 0 { computed() } else { node.as_const().unwrap_or(Value::Float(x)) });
        }
        values
    }

    #[test]
    fn what_bounds_keep_from_denormals_needs_no_care_for_them() {
        let g = Graph::new();
        let x = g.node(Op::DefineAcc, DType::F32, &[], Arg::Slot(0));
        let spelled = |node: Uop| flushing(node, &ranges(node)).is_some();
        let bounded = (-x.maximum(-9.0)).maximum(-9.0);
        let power = (bounded * bounded * 0.1 + 2.0) * bounded;
        assert!(spelled(power.unary(Op::Exp2)) && spelled((power.unary(Op::Exp2) + 1.0).recip()));
        // Below, this one is not bounded; above it is.
        let half = (x.maximum(-87.0) * -1.4).unary(Op::Exp2);
        assert!(!spelled(half) && spelled((half + 1.0).recip()));
        assert!(!spelled(x.recip()) && !spelled(x.unary(Op::Exp2)) && !spelled((x.unary(Op::Exp2) + 1.0).recip()));
        assert!(!spelled((x * x).recip()) && !spelled(bounded.recip()) && !spelled((half * half + 1.0).recip()));
    }

    #[test]
    fn values_are_within_their_ranges() {
        let g = Graph::new();
        let x = g.node(Op::DefineAcc, DType::F32, &[], Arg::Slot(0));
        let (low, y) = (x.maximum(-3.0), (-x).maximum(-5.5));
        let both = (low.mulacc(y, x.like(0.3)) * -2.0 + low * low).maximum(-40.0);
        let root = (both * y.unary(Op::Exp2)).maximum(y * y) + (-both).unary(Op::Exp2);
        let ranges = ranges(root);
        assert!(ranges.len() >= 8, "{}", ranges.len());
        for at in -400..400 {
            let values = values(root, f64::from(at) / 16.0);
            for (node, Range { low, high }) in &ranges {
                let value = values[node].to_f64();
                assert!((*low..=*high).contains(&value) || value.is_nan(), "{node:?}: {value} in {low}..={high}");
            }
        }
    }
}
