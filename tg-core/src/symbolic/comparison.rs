//! Comparisons: on `index`, a sum of atoms against a constant, with common factors divided out.

use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};
use crate::rewrite::{Pattern, konst};
use crate::rules;
use crate::symbolic::division::gcd;
use crate::symbolic::linear::{Sum, Term};
use crate::symbolic::prove::{always_less, never_negative};

rules! {
    /// Comparisons and what follows from them.
    pub fn comparison;
    less_self       [x]                       x.lt(x)                               => truth(x, false);
    equal_self      [x: integral]             x.equals(x)                           => truth(x, true);
    differ_self     [x: integral]             x.differs(x)                          => truth(x, false);
    not_equal       [x, y]                    !(x.equals(y))                        => x.differs(y);
    not_differ      [x, y]                    !(x.differs(y))                       => x.equals(y);
    equal_true      [x: bool]                 x.equals(true)                        => x;
    equal_false     [x: bool]                 x.equals(false)                       => !x;
    differ_true     [x: bool]                 x.differs(true)                       => !x;
    differ_false    [x: bool]                 x.differs(false)                      => x;
    equal_shifted   [x: int, a, b]            (x + konst(a)).equals(konst(b))       => x.equals(b - a);
    differ_shifted  [x: int, a, b]            (x + konst(a)).differs(konst(b))      => x.differs(b - a);
    larger_more     [x: number, a, b]         konst(a).lt(x.maximum(konst(b)))      => a.lt(x), if is_at_most(b, a);
    choice_less     [c: bool, a, b, d]        c.choose(konst(a), konst(b)).lt(konst(d))
                                              => c.choose(a.lt(d), b.lt(d));
    choice_equal    [c: bool, a, b, d]        c.choose(konst(a), konst(b)).equals(konst(d))
                                              => c.choose(a.equals(d), b.equals(d));
    choice_differ   [c: bool, a, b, d]        c.choose(konst(a), konst(b)).differs(konst(d))
                                              => c.choose(a.differs(d), b.differs(d));
    truth_nonzero   [x: bool]                 x.unary(Op::Cast).differs(0)          => x;
    truth_zero      [x: bool]                 x.unary(Op::Cast).equals(0)           => !x;
    truth_less_one  [x: bool]                 x.unary(Op::Cast).lt(1)               => !x;
    cast_less       [x: index, c: int]        x.unary(Op::Cast).lt(konst(c))        => x.lt(as_index(x, c)?);
    cast_equal      [x: index, c: int]        x.unary(Op::Cast).equals(konst(c))    => x.equals(as_index(x, c)?);
    cast_differ     [x: index, c: int]        x.unary(Op::Cast).differs(konst(c))   => x.differs(as_index(x, c)?);
    #[grows = "all atoms move to the left, so that a condition has one form"]
    less            [x: index, y: index]      x.lt(y)                               => less(x, y)?;
    #[grows = "all atoms move to the left, so that a condition has one form"]
    equal           [x: index, y: index]      x.equals(y)                           => equal(x, y, true)?;
    #[grows = "all atoms move to the left, so that a condition has one form"]
    differ          [x: index, y: index]      x.differs(y)                          => equal(x, y, false)?;
}

/// Whether the constant `a` is at most the constant `b`.
fn is_at_most(a: Uop, b: Uop) -> bool {
    a.as_const().zip(b.as_const()).is_some_and(|(a, b)| a.to_f64() <= b.to_f64())
}

/// The truth value as a bool of as many lanes as `node` has.
fn truth<'g>(node: Uop<'g>, value: bool) -> Uop<'g> {
    node.graph().constant(DType::BOOL.vec(node.dtype().lanes), value)
}

/// The constant `c` of another integer dtype that `x` was cast to without loss.
fn as_index<'g>(x: Uop<'g>, c: Uop<'g>) -> Option<Uop<'g>> {
    let (low, high) = c.dtype().int_range()?;
    let fits = low <= x.vmin() && x.vmax() <= high && i64::try_from(c.as_int()?).is_ok();
    fits.then(|| x.like(Value::Int(c.vmin())))
}

/// `x < y`: decided if the bounds allow, else in the form `sum < constant`.
fn less<'g>(x: Uop<'g>, y: Uop<'g>) -> Option<Uop<'g>> {
    let gap = Sum::of(x)?.minus(&Sum::of(y)?)?;
    if let Some(known) = sign(&gap) {
        return Some(truth(x, known == Sign::Negative));
    }
    let (mut sum, mut bound, mut negated) = (gap.clone(), -gap.constant_term(), false);
    sum.terms.retain(|t| !t.factors.is_empty());
    if sum.terms.first()?.coefficient < 0 {
        (sum, bound, negated) = (Sum::default().minus(&sum)?, 1 - bound, true);
    }
    while let Some(smaller) = divided(&sum, bound) {
        (sum, bound) = smaller;
    }
    let holds = without_parts(&sum, bound, x).or_else(|| {
        let opposite = Sum::default().minus(&sum)?;
        without_parts(&opposite, 1 - bound, x).map(|above| !above)
    });
    let holds = holds.unwrap_or_else(|| sum.build(x.graph()).lt(bound));
    Some(if negated { !holds } else { holds })
}

/// `sum < bound` where the sum has a quotient or remainder that is not needed for that; `any` is some node of the graph.
fn without_parts<'g>(sum: &Sum<'g>, bound: i128, any: Uop<'g>) -> Option<Uop<'g>> {
    let below = |sum: &Sum<'g>, limit: &Sum<'g>| sum.build(any.graph()).lt(limit.build(any.graph()));
    if let Some((y, e)) = quotient_parts(sum) {
        return Some(below(&y, &e.scaled(&Term { factors: vec![], coefficient: bound })?));
    }
    let (y, begin, end) = one_period(sum, bound)?;
    Some(below(&y, &end) & !below(&y, &begin))
}

/// `x == y`, or `x != y`.
fn equal<'g>(x: Uop<'g>, y: Uop<'g>, wanted: bool) -> Option<Uop<'g>> {
    let gap = Sum::of(x)?.minus(&Sum::of(y)?)?;
    if let Some(constant) = gap.as_constant() {
        return Some(truth(x, (constant == 0) == wanted));
    }
    let (mut sum, mut value) = (gap.clone(), -gap.constant_term());
    sum.terms.retain(|t| !t.factors.is_empty());
    let common = sum.terms.iter().fold(0, |g, t| gcd(g, t.coefficient));
    let never = sign(&gap) == Some(Sign::Negative) || never_negative(&gap.minus(&Sum::constant(1))?);
    if never || value % common != 0 {
        return Some(truth(x, !wanted));
    }
    let common = common * sum.terms.first()?.coefficient.signum();
    sum = sum.divided_by(&Term { factors: vec![], coefficient: common })?;
    value /= common;
    let sum = sum.build(x.graph());
    Some(if wanted { sum.equals(value) } else { sum.differs(value) })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Negative,
    NotNegative,
}

/// The sign of a sum, if it is always the same.
fn sign(sum: &Sum<'_>) -> Option<Sign> {
    if never_negative(sum) {
        return Some(Sign::NotNegative);
    }
    let opposite = Sum::constant(-1).minus(sum)?;
    never_negative(&opposite).then_some(Sign::Negative)
}

/// `g*a + b < bound` as `a < ⌈(bound - b) / g⌉`, where that is the same for all `b`.
fn divided<'g>(sum: &Sum<'g>, bound: i128) -> Option<(Sum<'g>, i128)> {
    let mut factors: Vec<i128> = sum.terms.iter().map(|t| t.coefficient.abs()).filter(|c| *c > 1).collect();
    factors.push(sum.terms.iter().fold(0, |g, t| gcd(g, t.coefficient)));
    factors.sort_unstable();
    factors.dedup();
    factors.into_iter().rev().filter(|g| *g > 1).find_map(|g| {
        let (mut a, mut b) = (Sum::default(), Sum::default());
        for t in &sum.terms {
            let part = Term { factors: t.factors.clone(), coefficient: t.coefficient / g };
            if t.coefficient % g == 0 { a.add_term(part)? } else { b.add_term(t.clone())? }
        }
        let (low, high) = b.bounds()?;
        let limit = |b: i128| -(b - bound).div_euclid(g);
        (limit(low) == limit(high)).then(|| (a, limit(low)))
    })
}

/// `(y + e*rest, e)` of a sum `y / e + rest` with `e > 0`: the sum is below `m` where that is below `m*e`.
fn quotient_parts<'g>(sum: &Sum<'g>) -> Option<(Sum<'g>, Sum<'g>)> {
    let whole = |t: &&Term<'g>| t.coefficient == 1 && matches!(t.factors[..], [f] if f.op() == Op::Idiv);
    let quotient = sum.terms.iter().find(whole)?;
    let (y, e) = (Sum::of(quotient.factors[0].src(0))?, Sum::of(quotient.factors[0].src(1))?);
    let rest = sum.minus(&Sum::from(quotient.clone()))?;
    never_negative(&e.minus(&Sum::constant(1))?).then(|| Some((y.add(&rest.times(&e)?)?, e)))?
}

/// `(y, t*n, t*n + c)` of `y % n < c` that holds only where `t*n <= y < t*n + c`, because the values of `y` do not
/// reach `(t-1)*n .. (t-1)*n + c`, nor `(t+1)*n`.
fn one_period<'g>(sum: &Sum<'g>, bound: i128) -> Option<(Sum<'g>, Sum<'g>, Sum<'g>)> {
    let whole = |t: &&Term<'g>| t.coefficient == 1 && matches!(t.factors[..], [f] if f.op() == Op::Mod);
    let remainder = sum.terms.iter().find(whole)?;
    let (y, n) = (Sum::of(remainder.factors[0].src(0))?, Sum::of(remainder.factors[0].src(1))?);
    let c = Sum::constant(bound).minus(&sum.minus(&Sum::from(remainder.clone()))?)?;
    let t = match (n.as_constant(), y.minus(&c)?.bounds()) {
        (Some(n), Some((low, _))) if n > 0 => low.div_euclid(n) + 1,
        _ => 0,
    };
    let begin = n.scaled(&Term { factors: vec![], coefficient: t })?;
    let (before, next) = (begin.minus(&n)?.add(&c)?, begin.add(&n)?);
    let alone = never_negative(&y.minus(&before)?) && always_less(&y, &next);
    alone.then_some((y, begin.clone(), begin.add(&c)?))
}
