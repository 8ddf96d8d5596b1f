//! Reductions with a closed form: sums over conditions on the range itself.
//!
//! `Σ_r [r < e] c = c * clamp(e, 0, n)`, and `Σ_r [r == e] f(r) = [0 <= e < n] f(e)`: the second turns a
//! sum over a one-hot selection into one load.

use crate::dtype::DType;
use crate::ir::{Arg, Memo, Op, Uop, Value, cast, rebuild};
use crate::rewrite::{Pattern, node};
use crate::rules;
use crate::symbolic::linear::{Sum, Term};
use crate::symbolic::validity::{clauses, negated};

rules! {
    /// Reductions that need no loop.
    pub fn reduction;
    #[inexact = "one -0.0 stays, where adding it to 0.0 gives 0.0"]
    one_iteration   [n]     node(Op::Reduce).named(n)       => one_iteration(n)?;
    idempotent      [n]     node(Op::Reduce).named(n)       => idempotent(n)?;
    #[inexact = "c*n rounds once, the sum of n times c up to n times"]
    #[grows = "a product takes the place of the loop"]
    repeated        [n]     node(Op::Reduce).named(n)       => over_some_range(n, repeated)?;
    #[inexact = "c*n rounds once, the sum of n times c up to n times"]
    #[grows = "a closed form takes the place of the loop"]
    counted         [n]     node(Op::Reduce).named(n)       => over_some_range(n, counted)?;
    #[inexact = "a selected -0.0 stays, where adding it to 0.0 gives 0.0"]
    #[grows = "a condition on the index takes the place of the loop"]
    selected        [n]     node(Op::Reduce).named(n)       => over_some_range(n, selected)?;
}

/// Ranges of size 1 have the value 0.
fn one_iteration(node: Uop<'_>) -> Option<Uop<'_>> {
    let range = node.srcs().skip(1).find(|r| r.op() == Op::Range && r.src(0).as_int() == Some(1))?;
    let body = node.src(0).replace(range, node.graph().index(0));
    Some(closed(node, range, body))
}

/// `max_r c = c`, and so for "all" of truth values.
fn idempotent(node: Uop<'_>) -> Option<Uop<'_>> {
    let is_all = *node.arg() == Arg::Op(Op::Mul) && node.dtype().is_bool();
    if !is_all && *node.arg() != Arg::Op(Op::Max) {
        return None;
    }
    let used = |range: Uop| node.srcs().any(|src| src != range && src.depends_on(range));
    let range = node.srcs().skip(1).find(|r| r.op() == Op::Range && r.src(0).vmin() >= 1 && !used(*r))?;
    Some(closed(node, range, node.src(0)))
}

/// The reduction of `body` over the other ranges of `node`.
fn closed<'g>(node: Uop<'g>, range: Uop<'g>, body: Uop<'g>) -> Uop<'g> {
    let Arg::Op(op) = *node.arg() else { return node };
    let ranges: Vec<Uop<'g>> = node.srcs().skip(1).filter(|r| *r != range).collect();
    body.reduce(op, &ranges)
}

/// A sum over one range, in search of a closed form.
#[derive(Clone, Copy)]
struct Loop<'g> {
    range: Uop<'g>,
    size: Uop<'g>,
    body: Uop<'g>,
}

/// Tries `close` on each range of a sum that no other range depends on.
fn over_some_range<'g>(node: Uop<'g>, close: fn(Loop<'g>) -> Option<Uop<'g>>) -> Option<Uop<'g>> {
    if *node.arg() != Arg::Op(Op::Add) || !node.dtype().is_int() && !node.dtype().is_float() {
        return None;
    }
    let mut ranges = node.srcs().skip(1).filter(|r| r.op() == Op::Range);
    ranges.find_map(|range| {
        let free = node.srcs().skip(1).all(|other| other == range || !other.depends_on(range));
        let body = close(Loop { range, size: range.src(0), body: node.src(0) }).filter(|_| free)?;
        Some(closed(node, range, body))
    })
}

/// `Σ_r c = c * n`.
fn repeated(l: Loop<'_>) -> Option<Uop<'_>> {
    (!l.body.depends_on(l.range) && l.size.vmin() >= 0).then(|| times(l.body, l.size))?
}

/// `c` added up `count >= 0` times, a number its dtype must be able to hold. An infinite `c` times no
/// iterations would be NaN.
fn times<'g>(c: Uop<'g>, count: Uop<'g>) -> Option<Uop<'g>> {
    let most = cast(Value::Int(count.vmax()), c.dtype());
    if c.dtype().is_float() && !most.to_f64().is_finite() {
        return None;
    }
    let product = c * count.cast(c.dtype());
    let finite = c.as_const().is_some_and(|v| v.to_f64().is_finite()) || c.dtype().is_int();
    Some(if finite || count.vmin() > 0 { product } else { count.lt(1).choose(c.like(Value::zero(c.dtype())), product) })
}

/// A body that is `value` where all conditions hold and 0 elsewhere.
struct Conditional<'g> {
    conditions: Vec<Uop<'g>>,
    value: Uop<'g>,
}

fn conditional<'g>(body: Uop<'g>) -> Option<Conditional<'g>> {
    let zero = |u: Uop<'g>| u.as_const() == Some(Value::zero(u.dtype()));
    match body.op() {
        Op::Where if zero(body.src(2)) => Some(Conditional { conditions: clauses(body.src(0)), value: body.src(1) }),
        Op::Where if zero(body.src(1)) && body.src(0).op() != Op::And => {
            let opposite = negated(body.src(0)).unwrap_or_else(|| !body.src(0));
            Some(Conditional { conditions: vec![opposite], value: body.src(2) })
        }
        Op::Cast if body.src(0).dtype().is_bool() => {
            Some(Conditional { conditions: clauses(body.src(0)), value: body.like(Value::small(body.dtype(), 1)) })
        }
        _ => None,
    }
}

/// `Σ_r [low <= r < high] c`, where the conditions on `r` are such intervals.
fn counted(l: Loop<'_>) -> Option<Uop<'_>> {
    let Conditional { conditions, value } = conditional(l.body)?;
    if value.depends_on(l.range) {
        return None;
    }
    let (mut low, mut high, mut others) = (l.size.like(0), l.size, Vec::new());
    for condition in conditions {
        if !condition.depends_on(l.range) {
            others.push(condition);
            continue;
        }
        match solved(condition, l.range)? {
            Solved::Below(end) => high = smaller(high, end),
            Solved::AtLeast(begin) => low = low.maximum(begin),
            Solved::Equal(_) => return None,
        }
    }
    let sum = times(value, (high - low).maximum(l.size.like(0)))?;
    Some(where_all(&others, sum))
}

fn smaller<'g>(a: Uop<'g>, b: Uop<'g>) -> Uop<'g> {
    -((-a).maximum(-b))
}

fn where_all<'g>(conditions: &[Uop<'g>], value: Uop<'g>) -> Uop<'g> {
    match conditions.iter().copied().reduce(|a, b| a & b) {
        Some(all) => all.choose(value, value.like(Value::zero(value.dtype()))),
        None => value,
    }
}

/// `Σ_r [r == e] f(r) = [0 <= e < n] f(e)`.
fn selected(l: Loop<'_>) -> Option<Uop<'_>> {
    let Conditional { conditions, value } = conditional(l.body)?;
    let (at, e) = conditions.iter().enumerate().find_map(|(at, c)| match solved(*c, l.range)? {
        Solved::Equal(e) => Some((at, e)),
        _ => None,
    })?;
    let inside = e.ge(0) & e.lt(l.size);
    let mut all = vec![inside];
    for (i, c) in conditions.into_iter().enumerate() {
        if i != at {
            all.push(at_index(c, l.range, e, inside));
        }
    }
    Some(where_all(&all, at_index(value, l.range, e, inside)))
}

/// `expression` with `e` for the range; what it reads of memory there is read only where `inside` holds.
fn at_index<'g>(expression: Uop<'g>, range: Uop<'g>, e: Uop<'g>, inside: Uop<'g>) -> Uop<'g> {
    let guarded: Vec<Uop<'g>> =
        expression.toposort().into_iter().filter(|n| n.op() == Op::Load && n.depends_on(range)).collect();
    let mut done = Memo::new(range.graph());
    done.insert(range, e);
    for load in guarded {
        let there = guarded_load(rebuild(load, &mut done, |node| node), inside);
        done.insert(load, there);
    }
    rebuild(expression, &mut done, |node| node)
}

fn guarded_load<'g>(load: Uop<'g>, inside: Uop<'g>) -> Uop<'g> {
    let address = load.src(0);
    let valid = address.srcs().nth(2).map_or(inside, |valid| valid & inside);
    let zero = load.like(Value::zero(load.dtype()));
    let other = load.srcs().nth(1).unwrap_or(zero);
    load.with_srcs(&[address.src(0).element(address.src(1), Some(valid)), other])
}

/// A condition, solved for a range.
enum Solved<'g> {
    Below(Uop<'g>),
    AtLeast(Uop<'g>),
    Equal(Uop<'g>),
}

/// Solves `a*r + rest < c` and `±r + rest == c`, and their negations, for `r`.
fn solved<'g>(condition: Uop<'g>, range: Uop<'g>) -> Option<Solved<'g>> {
    if let Some(c) = negated(condition) {
        return Some(match solved(c, range)? {
            Solved::Below(end) => Solved::AtLeast(end),
            Solved::AtLeast(begin) => Solved::Below(begin),
            Solved::Equal(_) => return None,
        });
    }
    let (left, right) = (condition.srcs().next()?, condition.srcs().nth(1)?);
    let (left, right) =
        as_indices(left, right, range).or_else(|| as_indices(right, left, range).map(|(a, b)| (b, a)))?;
    let gap = Sum::of(left)?.minus(&Sum::of(right)?)?;
    let (slope, rest) = split(&gap, range)?;
    let graph = range.graph();
    let build = |sum: &Sum<'g>, factor: i128| Some(sum.scaled(&Term::constant(factor))?.build(graph));
    match condition.op() {
        // a*r < -rest: r < ceil(-rest / a); -a*r < -rest: r >= floor(rest / a) + 1.
        Op::Cmplt if slope > 0 => Some(Solved::Below(divided(build(&rest, -1)? + (slope - 1), slope))),
        Op::Cmplt => Some(Solved::AtLeast(divided(build(&rest, 1)?, -slope) + 1)),
        Op::Cmpeq if slope.abs() == 1 => Some(Solved::Equal(build(&rest, -slope)?)),
        _ => None,
    }
}

fn divided(x: Uop<'_>, by: i128) -> Uop<'_> {
    if by == 1 { x } else { x / by }
}

/// The slope of the range and all that does not depend on it.
fn split<'g>(sum: &Sum<'g>, range: Uop<'g>) -> Option<(i128, Sum<'g>)> {
    let at = sum.terms.iter().position(|t| t.factors == [range])?;
    let mut rest = sum.clone();
    let slope = rest.terms.remove(at).coefficient;
    let free = rest.atoms().iter().all(|atom| !atom.depends_on(range));
    free.then_some((slope, rest))
}

/// Both sides as `index`: they are already, or an index is cast to another integer dtype that holds its
/// values, and compared with something independent of the range.
fn as_indices<'g>(cast: Uop<'g>, other: Uop<'g>, range: Uop<'g>) -> Option<(Uop<'g>, Uop<'g>)> {
    if cast.dtype() == DType::INDEX {
        return Some((cast, other));
    }
    let inner = cast.srcs().next().filter(|s| cast.op() == Op::Cast && s.dtype() == DType::INDEX)?;
    let (low, high) = cast.dtype().int_range().filter(|_| cast.dtype().is_int())?;
    let fits = low <= inner.vmin() && inner.vmax() <= high && other.vmax() <= i64::MAX as i128;
    (fits && !other.depends_on(range)).then(|| (inner, other.cast(DType::INDEX)))
}
