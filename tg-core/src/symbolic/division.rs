//! Division and remainder on `index`, which floor: `a / b` and `a % b` for `b > 0` in closed form where
//! possible, and canonical where not.

use crate::ir::{Op, Uop};
use crate::rules;
use crate::symbolic::linear::{Sum, Term};
use crate::symbolic::prove::{always_less, never_negative};

rules! {
    /// Index arithmetic: sums in canonical form, quotients and remainders of sums.
    pub fn division: index;
    #[grows = "products of sums are expanded, so that sums have one form"]
    sum             [x, y]      x + y           => canonical_sum(x + y)?;
    #[grows = "subtraction is addition of a negative multiple"]
    difference      [x, y]      x - y           => canonical_sum(x - y)?;
    #[grows = "products of sums are expanded, so that sums have one form"]
    product         [x, y]      x * y           => canonical_sum(x * y)?;
    #[grows = "negation is multiplication by -1"]
    negation        [x]         -x              => canonical_sum(-x)?;
    #[grows = "terms that divide leave the quotient"]
    quotient        [x, y]      x / y           => divided(x, y, Part::Quotient)?;
    #[grows = "each part of a sum can have a remainder of its own"]
    remainder       [x, y]      x % y           => divided(x, y, Part::Remainder)?;
}

/// How many quotients are looked into, one inside another.
const MAX_DEPTH: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Quotient,
    Remainder,
}

fn canonical_sum(node: Uop<'_>) -> Option<Uop<'_>> {
    let sum = Sum::of(node)?;
    let sum = recombined(&sum).unwrap_or(sum);
    Some(sum.build(node.graph()))
}

fn divided<'g>(x: Uop<'g>, y: Uop<'g>, part: Part) -> Option<Uop<'g>> {
    Some(divide(&Sum::of(x)?, &Sum::of(y)?, part, x, MAX_DEPTH)?.build(x.graph()))
}

/// The quotient or the remainder of `x` by `d`; `any` is some node of the graph.
fn divide<'g>(x: &Sum<'g>, d: &Sum<'g>, part: Part, any: Uop<'g>, depth: usize) -> Option<Sum<'g>> {
    let one = Sum::constant(1);
    if depth == 0 || !never_negative(&d.minus(&one)?) {
        return None;
    }
    if let Some(line) = through_two_points(x, d, part) {
        return Some(line);
    }
    let (q, r) = long_division(x, d)?;
    if let Some((t, rest)) = in_one_period(&r, d) {
        return if part == Part::Quotient { q.add(&Sum::constant(t)) } else { Some(rest) };
    }
    if let Some(result) = by_common_factor(&r, d, part, any, depth) {
        return if part == Part::Quotient { q.add(&result) } else { Some(result) };
    }
    match part {
        Part::Quotient => {
            let inner = nested_quotient(&r, d, any, depth);
            q.add(&inner.unwrap_or_else(|| Sum::atom(r.build(any.graph()) / d.build(any.graph()))))
        }
        Part::Remainder => {
            let inner = nested_remainder(&r, d, any, depth);
            Some(inner.unwrap_or_else(|| Sum::atom(r.build(any.graph()) % d.build(any.graph()))))
        }
    }
}

/// Of an `x` with one atom that has two values, every function is linear: `(i+1)/2` is `i` and `(i+1)%2` is `1 - i` for
/// `i` in `0..2`.
fn through_two_points<'g>(x: &Sum<'g>, d: &Sum<'g>, part: Part) -> Option<Sum<'g>> {
    let ([atom], d) = (&x.atoms()[..], d.as_constant()?) else { return None };
    let at = |value: i128| {
        let x = x.substituted(*atom, &Sum::constant(value))?.as_constant()?;
        Some(if part == Part::Quotient { x.div_euclid(d) } else { x.rem_euclid(d) })
    };
    let low = atom.vmin();
    let (first, second) = (atom.vmax() == low + 1).then(|| Some((at(low)?, at(low + 1)?)))??;
    let line = Sum::atom(*atom).scaled(&Term { factors: vec![], coefficient: second - first })?;
    line.add(&Sum::constant(first - (second - first).checked_mul(low)?))
}

/// `x = q*d + r`, where no term of `r` is a multiple of the leading term of `d`; coefficients shrink
/// to within half of that of `d`, the constant to `0..d`.
fn long_division<'g>(x: &Sum<'g>, d: &Sum<'g>) -> Option<(Sum<'g>, Sum<'g>)> {
    let lead = d.terms.iter().max_by(|a, b| a.compare(b))?;
    let (mut q, mut r) = (Sum::default(), x.clone());
    // Every step removes or shrinks the largest multiple left, so there are few.
    for _ in 0..64 {
        let step = r.terms.iter().find_map(|t| {
            let factors = t.factors_without(&lead.factors)?;
            let floor = t.factors.is_empty() && lead.coefficient > 0;
            let c = match floor {
                true => t.coefficient.div_euclid(lead.coefficient),
                false => nearest(t.coefficient, lead.coefficient),
            };
            (c != 0).then_some(Term { factors, coefficient: c })
        });
        let Some(step) = step else { return Some((q, r)) };
        let back = Term { factors: step.factors.clone(), coefficient: -step.coefficient };
        r = r.plus(d, &back)?;
        q.add_term(step)?;
    }
    None
}

/// The `q` that leaves the least `a - q*b`: in `-|b|/2 .. |b|/2`, with the upper end.
pub fn nearest(a: i128, b: i128) -> i128 {
    let rest = a.rem_euclid(b);
    let rest = if 2 * rest > b.abs() { rest - b.abs() } else { rest };
    (a - rest) / b
}

/// `(t, r - t*d)` if `t*d <= r < (t+1)*d` always.
fn in_one_period<'g>(r: &Sum<'g>, d: &Sum<'g>) -> Option<(i128, Sum<'g>)> {
    if let (Some(c), Some((low, high))) = (d.as_constant(), r.bounds()) {
        let t = low.div_euclid(c);
        return (high.div_euclid(c) == t).then(|| r.minus(&Sum::constant(t * c))).flatten().map(|rest| (t, rest));
    }
    (never_negative(r) && always_less(r, d)).then(|| (0, r.clone()))
}

/// `g*a + b` by `g*e` with `0 <= b < g`: the quotient is `a / e`, the remainder `g*(a % e) + b`.
fn by_common_factor<'g>(r: &Sum<'g>, d: &Sum<'g>, part: Part, any: Uop<'g>, depth: usize) -> Option<Sum<'g>> {
    let [divisor] = &d.terms[..] else { return None };
    let mut factors: Vec<Term<'g>> = r.terms.iter().filter_map(|t| common_factor(t, divisor)).collect();
    factors.sort_by(|a, b| b.compare(a).then(b.coefficient.cmp(&a.coefficient)));
    factors.dedup();
    factors.into_iter().find_map(|g| {
        let (a, b) = split_multiples(r, &g)?;
        let inside = never_negative(&b) && always_less(&b, &Sum::from(g.clone()));
        let e = d.divided_by(&g).filter(|_| inside)?;
        let result = divide(&a, &e, part, any, depth - 1)?;
        if part == Part::Quotient { Some(result) } else { b.plus(&result, &g) }
    })
}

/// The greatest term that divides both, if it is not 1 and certainly positive.
fn common_factor<'g>(a: &Term<'g>, b: &Term<'g>) -> Option<Term<'g>> {
    let mut left = b.factors.clone();
    let shared = |f: &&Uop<'g>| left.iter().position(|x| x == *f).map(|at| left.remove(at)).is_some();
    let factors: Vec<Uop<'g>> = a.factors.iter().filter(shared).copied().collect();
    let positive = factors.iter().all(|f| f.vmin() > 0);
    let coefficient = gcd(a.coefficient, b.coefficient);
    (positive && (coefficient > 1 || !factors.is_empty())).then_some(Term { factors, coefficient })
}

/// `(a, b)` with `sum = g*a + b`, as much as possible in `a`; the constant is split with `0 <= b < g`.
fn split_multiples<'g>(sum: &Sum<'g>, g: &Term<'g>) -> Option<(Sum<'g>, Sum<'g>)> {
    let (mut a, mut b) = (Sum::default(), Sum::default());
    for t in &sum.terms {
        match t.factors_without(&g.factors) {
            Some(factors) if t.coefficient % g.coefficient == 0 => {
                a.add_term(Term { factors, coefficient: t.coefficient / g.coefficient })?
            }
            Some(factors) if t.factors.is_empty() => {
                a.add_term(Term { factors, coefficient: t.coefficient.div_euclid(g.coefficient) })?;
                b.add_term(Term { factors: vec![], coefficient: t.coefficient.rem_euclid(g.coefficient) })?;
            }
            _ => b.add_term(t.clone())?,
        }
    }
    Some((a, b))
}

/// The greatest common divisor of the magnitudes.
pub fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `(y/e + c) / d = (y + c*e) / (e*d)`, and `(y % (d*e)) / d = (y / d) % e`.
fn nested_quotient<'g>(r: &Sum<'g>, d: &Sum<'g>, any: Uop<'g>, depth: usize) -> Option<Sum<'g>> {
    let (atom, c) = atom_and_constant(r)?;
    let (y, e) = (Sum::of(atom.src(0))?, Sum::of(atom.src(1))?);
    match atom.op() {
        Op::Idiv if never_negative(&e.minus(&Sum::constant(1))?) => {
            let moved = y.plus(&e, &Term { factors: vec![], coefficient: c })?;
            divide(&moved, &e.times(d)?, Part::Quotient, any, depth - 1)
        }
        Op::Mod if c == 0 => {
            let [divisor] = &d.terms[..] else { return None };
            let e = e.divided_by(divisor)?;
            let inner = divide(&y, d, Part::Quotient, any, depth - 1)?;
            divide(&inner, &e, Part::Remainder, any, depth - 1)
        }
        _ => None,
    }
}

/// `(k*(y % m) + z) % d = (k*y + z) % d` where `d` divides `k*m`.
fn nested_remainder<'g>(r: &Sum<'g>, d: &Sum<'g>, any: Uop<'g>, depth: usize) -> Option<Sum<'g>> {
    let [divisor] = &d.terms[..] else { return None };
    let (at, y) = r.terms.iter().enumerate().find_map(|(at, t)| {
        let inner = t.factors.iter().find(|f| f.op() == Op::Mod)?;
        let rest = Term { factors: t.factors_without(&[*inner])?, coefficient: t.coefficient };
        Sum::of(inner.src(1))?.scaled(&rest)?.divided_by(divisor)?;
        Some((at, Sum::of(inner.src(0))?.scaled(&rest)?))
    })?;
    let mut without = r.clone();
    without.terms.remove(at);
    divide(&without.add(&y)?, d, Part::Remainder, any, depth - 1)
}

/// The parts of `atom + c`, where the atom is a quotient or remainder.
fn atom_and_constant<'g>(sum: &Sum<'g>) -> Option<(Uop<'g>, i128)> {
    let first = sum.terms.first().filter(|t| t.coefficient == 1 && sum.terms.len() <= 2)?;
    let constant = sum.constant_term();
    let [atom] = first.factors[..] else { return None };
    let alone = sum.terms.len() == 1 || constant != 0;
    (alone && matches!(atom.op(), Op::Idiv | Op::Mod)).then_some((atom, constant))
}

/// `(x/a)*a + x%a = x`, and `((x/a + t)%b)*a + x%a = (x + t*a) % (a*b)`, times any term: the inverse of
/// taking an index apart. `None` if nothing comes together.
fn recombined<'g>(sum: &Sum<'g>) -> Option<Sum<'g>> {
    let mut sum = sum.clone();
    let mut changed = false;
    while let Some(next) = recombined_once(&sum) {
        sum = next;
        changed = true;
    }
    changed.then_some(sum)
}

/// One such step, which leaves fewer quotients and remainders, or as many and fewer terms.
fn recombined_once<'g>(sum: &Sum<'g>) -> Option<Sum<'g>> {
    let remainder = |t: &Term<'g>| t.factors.iter().copied().find(|f| f.op() == Op::Mod);
    sum.terms.iter().find_map(|t| {
        let low = remainder(t)?;
        let rest = Term { factors: t.factors_without(&[low])?, coefficient: t.coefficient };
        let (x, a) = (Sum::of(low.src(0))?, Sum::of(low.src(1))?);
        let quotient = divide(&x, &a, Part::Quotient, low, MAX_DEPTH)?;
        let together = |high: &Sum<'g>, whole: &Sum<'g>| {
            let parts = high.times(&a)?.add(&Sum::atom(low))?;
            let result = sum.plus(&whole.minus(&parts)?, &rest)?;
            (parts_taken(&result) < parts_taken(sum)).then_some(result)
        };
        together(&quotient, &x).or_else(|| {
            sum.terms.iter().filter_map(remainder).find_map(|high| {
                let shift = Sum::of(high.src(0))?.minus(&quotient)?.as_constant()?;
                let shifted = x.plus(&a, &Term { factors: vec![], coefficient: shift })?;
                let size = Sum::of(high.src(1))?.times(&a)?;
                together(&Sum::atom(high), &divide(&shifted, &size, Part::Remainder, low, MAX_DEPTH)?)
            })
        })
    })
}

/// How much of the sum is quotients and remainders, then how long it is.
fn parts_taken(sum: &Sum<'_>) -> (usize, usize) {
    let part = |f: &&Uop<'_>| matches!(f.op(), Op::Idiv | Op::Mod);
    (sum.terms.iter().map(|t| t.factors.iter().filter(part).count()).sum(), sum.terms.len())
}
