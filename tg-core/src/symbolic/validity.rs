//! What follows from a condition: fewer conditions, and simpler indices where they hold.
//!
//! Memory is accessed only where the INDEX's own condition (its third source) holds, so its address may
//! be simplified by that condition. The branches of a WHERE are computed whether or not the condition
//! holds; nothing that reads memory is changed by a WHERE around it.

use rustc_hash::FxHashMap;

use crate::ir::{Id, Op, Uop, Value};
use crate::rewrite::{Pattern, node};
use crate::rules;
use crate::symbolic::division::nearest;
use crate::symbolic::linear::{Sum, Term};

rules! {
    /// Conditions and what they guard.
    pub fn validity;
    implied         [a: bool, b: bool, n]   (a & b).named(n)              => without_implied(n)?;
    #[grows = "a remainder becomes a difference, which is cheaper"]
    guarded_address [n]             node(Op::Index).named(n)              => guarded_address(n)?;
    guarded_load    [n]             node(Op::Load).named(n)               => guarded_load(n)?;
    #[grows = "a remainder becomes a difference, which is cheaper"]
    where_yes       [c: bool, x, y] c.choose(x, y)                        => c.choose(known_in(c, true, x)?, y);
    #[grows = "a remainder becomes a difference, which is cheaper"]
    where_no        [c: bool, x, y] c.choose(x, y)                        => c.choose(x, known_in(c, false, y)?);
    where_rounded   [c: bool, x: float] c.choose(x.unary(Op::RoundTf32), 0) => c.choose(x, 0).unary(Op::RoundTf32);
    where_load      [c: bool, n]    c.choose(node(Op::Load).named(n), 0)  => n, if guards_itself(n, c);
    #[inexact = "zero times what is infinite or NaN is NaN, as it is in any product with padding"]
    where_product   [c: bool, n, x: float] c.choose(node(Op::Load).named(n) * x, 0) => n * x, if guards_itself(n, c) && stays_finite(x, c);
    #[inexact = "as where_product"]
    where_cast_product [c: bool, m, n, x: float] c.choose(node(Op::Load).named(m).unary(Op::Cast).named(n) * x, 0) => n * x, if guards_itself(m, c) && stays_finite(x, c);
}

/// Whether `x` is finite, with what memory holds, also where `c` does not hold: it divides by nothing that may be 0 only
/// there, such as the sum of a row that a padded loop does not have.
fn stays_finite<'g>(x: Uop<'g>, c: Uop<'g>) -> bool {
    let has_number = |n: Uop<'g>| n.toposort().iter().any(|n| n.op() == Op::Special);
    let of_thread = has_number(c);
    let varies = |n: &Uop<'g>| c.ranges().any(|range| n.depends_on(range)) || of_thread && has_number(*n);
    let is_safe = |n: &Uop<'g>| !matches!(n.op(), Op::Recip | Op::Fdiv | Op::Log2 | Op::Pow) || !varies(n);
    matches!(x.op(), Op::Load | Op::Const) || x.toposort().iter().all(is_safe)
}

/// The most nodes of a branch that are looked at under a condition.
const MAX_NODES: usize = 64;

/// What a condition says about a sum: inclusive bounds.
struct Fact<'g> {
    sum: Sum<'g>,
    low: Option<i128>,
    high: Option<i128>,
}

/// The conditions that hold together where `condition` does.
pub fn clauses(condition: Uop<'_>) -> Vec<Uop<'_>> {
    let (mut stack, mut clauses) = (vec![condition], Vec::new());
    while let Some(c) = stack.pop() {
        match c.op() {
            Op::And => stack.extend(c.srcs()),
            _ => clauses.push(c),
        }
    }
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}

/// The condition that is negated, if this is `!c`.
pub fn negated(condition: Uop<'_>) -> Option<Uop<'_>> {
    let is_not = condition.op() == Op::Xor && condition.dtype().is_bool() && condition.src(1).as_int() == Some(1);
    is_not.then(|| condition.src(0))
}

fn fact(clause: Uop<'_>, holds: bool) -> Option<Fact<'_>> {
    if let Some(c) = negated(clause) {
        return fact(c, !holds);
    }
    let (op, bound) = (clause.op(), clause.srcs().nth(1)?.as_int()?);
    let sum = Sum::of(clause.src(0))?;
    match (op, holds) {
        (Op::Cmplt, true) => Some(Fact { sum, low: None, high: Some(bound - 1) }),
        (Op::Cmplt, false) => Some(Fact { sum, low: Some(bound), high: None }),
        (Op::Cmpeq, true) | (Op::Cmpne, false) => Some(Fact { sum, low: Some(bound), high: Some(bound) }),
        _ => None,
    }
}

fn facts(condition: Uop<'_>, holds: bool) -> Vec<Fact<'_>> {
    if holds {
        return clauses(condition).into_iter().filter_map(|c| fact(c, true)).collect();
    }
    fact(condition, false).into_iter().collect()
}

/// A sum without its constant, and the smallest and largest value that a condition allows it.
pub type KnownBounds<'g> = (Sum<'g>, Option<i128>, Option<i128>);

/// What `condition` says about sums, if it says nothing else: each sum once.
pub fn known_bounds(condition: Uop<'_>) -> Option<Vec<KnownBounds<'_>>> {
    let mut known: Vec<KnownBounds> = vec![];
    for clause in clauses(condition) {
        let Fact { mut sum, low, high } = fact(clause, true)?;
        let moved = sum.constant_term();
        sum.add_term(Term { factors: vec![], coefficient: -moved })?;
        let (mut low, mut high) = (low.map(|l| l - moved), high.map(|h| h - moved));
        if sum.terms.first().is_some_and(|t| t.coefficient < 0) {
            sum = Sum::default().minus(&sum)?;
            (low, high) = (high.map(|h| -h), low.map(|l| -l));
        }
        match known.iter_mut().find(|(other, ..)| *other == sum) {
            Some((_, l, h)) => (*l, *h) = (low.max(*l), [high, *h].into_iter().flatten().min()),
            None => known.push((sum, low, high)),
        }
    }
    Some(known)
}

/// An upper bound of `sum` under `facts`: multiples of facts are subtracted as long as that helps.
fn highest<'g>(sum: &Sum<'g>, facts: &[Fact<'g>]) -> Option<i128> {
    let mut sum = sum.clone();
    let (mut known, mut best) = (0i128, sum.bounds()?.1);
    for f in facts {
        let Some((left, add)) = subtracted(&sum, f) else { continue };
        let bound = known.checked_add(add)?.checked_add(left.bounds()?.1)?;
        if bound < best {
            (sum, known, best) = (left, known + add, bound);
        }
    }
    Some(best)
}

/// `sum - m*fact.sum` with the multiple that removes its first term, and the most that `m*fact.sum` can be.
fn subtracted<'g>(sum: &Sum<'g>, fact: &Fact<'g>) -> Option<(Sum<'g>, i128)> {
    let first = fact.sum.terms.first()?;
    let mine = sum.terms.iter().find(|t| t.factors == first.factors)?;
    if mine.coefficient % first.coefficient != 0 {
        return None;
    }
    let m = mine.coefficient / first.coefficient;
    let most = if m > 0 { fact.high? } else { fact.low? };
    let left = sum.plus(&fact.sum, &Term { factors: vec![], coefficient: -m })?;
    Some((left, most.checked_mul(m)?))
}

fn bounds_under<'g>(sum: &Sum<'g>, facts: &[Fact<'g>]) -> Option<(i128, i128)> {
    let low = -highest(&Sum::default().minus(sum)?, facts)?;
    let direct = (low, highest(sum, facts)?);
    let Some((l, h)) = bounds_of_quotient(sum, facts) else { return Some(direct) };
    Some((direct.0.max(l), direct.1.min(h)))
}

/// The bounds of `c*(y/e + a) + b` from those of `y + e*a` and `b`: facts are about `y`, not about its quotient. With
/// the least coefficients in `b`, digits of an index that have run together come apart again.
fn bounds_of_quotient<'g>(sum: &Sum<'g>, facts: &[Fact<'g>]) -> Option<(i128, i128)> {
    let is_quotient = |t: &&Term<'g>| matches!(t.factors[..], [f] if f.op() == Op::Idiv);
    let quotient = sum.terms.iter().find(is_quotient)?;
    let (c, atom) = (quotient.coefficient, quotient.factors[0]);
    let e = atom.src(1).as_int().filter(|e| *e > 0)?;
    let (mut whole, mut b) = (Sum::of(atom.src(0))?, Sum::default());
    for t in sum.terms.iter().filter(|t| *t != quotient) {
        let part = |coefficient: i128| Term { factors: t.factors.clone(), coefficient };
        let q = nearest(t.coefficient, c);
        whole = whole.add(&Sum::from(part(q.checked_mul(e)?)))?;
        b = b.add(&Sum::from(part(t.coefficient - q * c)))?;
    }
    let ((low, high), (l, h)) = (bounds_under(&whole, facts)?, bounds_under(&b, facts)?);
    let (low, high) = (low.div_euclid(e).checked_mul(c)?, high.div_euclid(e).checked_mul(c)?);
    Some((low.min(high).checked_add(l)?, low.max(high).checked_add(h)?))
}

/// The value of a comparison under facts, if they decide it.
fn decided<'g>(clause: Uop<'g>, facts: &[Fact<'g>]) -> Option<bool> {
    if let Some(c) = negated(clause) {
        return decided(c, facts).map(|v| !v);
    }
    if !clause.op().is_comparison() {
        return None;
    }
    let gap = Sum::of(clause.src(0))?.minus(&Sum::of(clause.src(1))?)?;
    let (low, high) = bounds_under(&gap, facts)?;
    let (never, always) = (low > 0 || high < 0, low == 0 && high == 0);
    match clause.op() {
        Op::Cmplt if high < 0 => Some(true),
        Op::Cmplt if low >= 0 => Some(false),
        Op::Cmpeq if never || always => Some(always),
        Op::Cmpne if never || always => Some(never),
        _ => None,
    }
}

/// The clauses that do not follow from the others; `false` if they contradict.
fn without_implied(node: Uop<'_>) -> Option<Uop<'_>> {
    let mut kept = clauses(node);
    let contradicts = kept.iter().any(|c| negated(*c).is_some_and(|c| kept.contains(&c)));
    if contradicts || kept.iter().any(|c| c.as_int() == Some(0)) {
        return Some(node.like(false));
    }
    let mut i = 0;
    while i < kept.len() {
        let others: Vec<Fact> = kept.iter().filter(|c| **c != kept[i]).filter_map(|c| fact(*c, true)).collect();
        match decided(kept[i], &others) {
            Some(true) => drop(kept.remove(i)),
            Some(false) => return Some(node.like(false)),
            None => {
                kept[i] = known(kept[i], &others).unwrap_or(kept[i]);
                i += 1;
            }
        }
    }
    Some(kept.into_iter().reduce(|a, b| a & b).unwrap_or_else(|| node.like(true)))
}

/// `expression` where `condition` holds (or not), if it is simpler there.
pub fn known_in<'g>(condition: Uop<'g>, holds: bool, expression: Uop<'g>) -> Option<Uop<'g>> {
    known(expression, &facts(condition, holds))
}

/// `expression` under `facts`, if it is simpler there.
fn known<'g>(expression: Uop<'g>, facts: &[Fact<'g>]) -> Option<Uop<'g>> {
    let mut known: FxHashMap<Id, Uop<'g>> = FxHashMap::default();
    if facts.is_empty() {
        return None;
    }
    for node in arithmetic(expression)? {
        let src: Vec<Uop<'g>> = node.srcs().map(|s| known.get(&s.id()).copied().unwrap_or(s)).collect();
        let same = node.srcs().eq(src.iter().copied());
        let node_there = if same { node } else { node.with_srcs(&src) };
        known.insert(node.id(), under(node_there, facts).unwrap_or(node_there));
    }
    let result = *known.get(&expression.id())?;
    (result != expression).then_some(result)
}

/// The elementwise part of an expression, sources before users: down to memory, reductions and the like.
fn arithmetic<'g>(root: Uop<'g>) -> Option<Vec<Uop<'g>>> {
    let (mut stack, mut all) = (vec![root], Vec::new());
    while let Some(node) = stack.pop() {
        if node.op().is_alu() && !all.contains(&node) {
            all.push(node);
            stack.extend(node.srcs());
        }
        if all.len() > MAX_NODES {
            return None;
        }
    }
    all.sort_unstable();
    Some(all)
}

/// The node under facts: a quotient or remainder within one period, a decided comparison or maximum.
fn under<'g>(node: Uop<'g>, facts: &[Fact<'g>]) -> Option<Uop<'g>> {
    match node.op() {
        Op::Cmplt | Op::Cmpeq | Op::Cmpne => decided(node, facts).map(|v| node.like(v)),
        Op::Idiv | Op::Mod if node.dtype().is_index() => {
            let divisor = node.src(1).as_int().filter(|d| *d > 0)?;
            let sum = Sum::of(node.src(0))?;
            let (low, high) = bounds_under(&sum, facts)?;
            let t = low.div_euclid(divisor);
            let rest = || Some(sum.minus(&Sum::constant(t * divisor))?.build(node.graph()));
            let result = if node.op() == Op::Idiv { Some(node.like(Value::Int(t))) } else { rest() };
            result.filter(|_| low <= high && high.div_euclid(divisor) == t)
        }
        Op::Max if node.dtype().is_index() => {
            let gap = Sum::of(node.src(0))?.minus(&Sum::of(node.src(1))?)?;
            match bounds_under(&gap, facts)? {
                (low, _) if low >= 0 => Some(node.src(0)),
                (_, high) if high <= 0 => Some(node.src(1)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The address without a condition that always holds, or simplified by the one it has.
fn guarded_address(node: Uop<'_>) -> Option<Uop<'_>> {
    let [pointer, at, valid] = three(node)?;
    match valid.as_int() {
        Some(1) => Some(pointer.element(at, None)),
        Some(_) => None,
        None => Some(node.with_srcs(&[pointer, known_in(valid, true, at)?, valid])),
    }
}

fn three(node: Uop<'_>) -> Option<[Uop<'_>; 3]> {
    (node.arity() == 3).then(|| [node.src(0), node.src(1), node.src(2)])
}

/// The load without the value for where access is not allowed, or that value alone.
fn guarded_load(node: Uop<'_>) -> Option<Uop<'_>> {
    let address = node.src(0);
    let other = node.srcs().nth(1).filter(|_| address.op() == Op::Index)?;
    match address.srcs().nth(2).map(|valid| valid.as_int()) {
        None => Some(node.with_srcs(&[address])),
        Some(Some(0)) => Some(other),
        Some(_) => None,
    }
}

/// Whether the load gives zero wherever `condition` does not hold.
fn guards_itself(load: Uop<'_>, condition: Uop<'_>) -> bool {
    let zero = load.srcs().nth(1).is_some_and(|other| other.as_const() == Some(Value::zero(other.dtype())));
    let guards = load.src(0).srcs().nth(2).filter(|_| load.src(0).op() == Op::Index).map(clauses);
    zero && guards.is_some_and(|g| clauses(condition).iter().all(|c| g.contains(c)))
}
