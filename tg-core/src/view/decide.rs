//! Decisions about dimensions that hold for every value of the run-time variables.
//!
//! Each function answers only what bounds and exact division prove; `None` and `false` mean "not
//! known", never "no". Callers then keep two views instead of one.

use crate::dim::Dim;

/// Steps after which a polynomial division gives up and leaves a larger remainder.
const DIVISION_STEPS: usize = 32;

/// Whether `a <= b` always.
pub fn at_most(a: &Dim, b: &Dim) -> bool {
    a == b || (b - a).lower() >= 0
}

/// Whether `a < b` always.
pub fn less(a: &Dim, b: &Dim) -> bool {
    (b - a).lower() >= 1
}

/// The larger of both, if it is always the same one.
pub fn larger(a: &Dim, b: &Dim) -> Option<Dim> {
    match (at_most(b, a), at_most(a, b)) {
        (true, _) => Some(a.clone()),
        (_, true) => Some(b.clone()),
        _ => None,
    }
}

/// The smaller of both, if it is always the same one.
pub fn smaller(a: &Dim, b: &Dim) -> Option<Dim> {
    match (at_most(a, b), at_most(b, a)) {
        (true, _) => Some(a.clone()),
        (_, true) => Some(b.clone()),
        _ => None,
    }
}

/// `⌊a / b⌋` for `b > 0`.
pub fn floor_div(a: &Dim, b: &Dim) -> Option<Dim> {
    match (a.known(), b.known()) {
        (Some(a), Some(b)) if b > 0 => Some(Dim::from(a.div_euclid(b))),
        _ => a.div_exact(b),
    }
}

/// `⌈a / b⌉` for `b > 0`.
pub fn ceil_div(a: &Dim, b: &Dim) -> Option<Dim> {
    floor_div(&-a, b).map(|q| -&q)
}

/// Some `(q, r)` with `a = q*b + r`; floored division where both are known, and `r` in `0..b` where
/// the bounds allow to see to it.
pub fn divide(a: &Dim, b: &Dim) -> (Dim, Dim) {
    let (mut quotient, mut rest) = (Dim::ZERO, a.clone());
    for _ in 0..DIVISION_STEPS {
        let Some(step) = leading_quotient(&rest, b) else { break };
        (quotient, rest) = (&quotient + &step, &rest - &(&step * b));
    }
    if rest.upper() < 0 {
        return (&quotient - &Dim::ONE, &rest + b);
    }
    (quotient, rest)
}

/// How often the leading term of `b` goes into some term of `a`; `None` if into none.
fn leading_quotient(a: &Dim, b: &Dim) -> Option<Dim> {
    let (lead_vars, lead) = b.terms().into_iter().max_by_key(|(vars, _)| vars.len())?;
    a.terms().into_iter().find_map(|(mut vars, c)| {
        for v in &lead_vars {
            vars.remove(vars.iter().position(|x| x == v)?);
        }
        let times = Dim::from(c.checked_div_euclid(lead).filter(|&q| q != 0)?);
        Some(vars.into_iter().fold(times, |product, v| &product * &Dim::from(v)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::Var;

    #[test]
    fn division_keeps_its_identity() {
        let n = Dim::from(Var::new("N", 1, 100));
        let m = Dim::from(Var::new("M", 2, 9));
        for a in [&(&n * &m) - &Dim::ONE, &(&n * &Dim::from(6)) + &Dim::from(-7), &(&n * &n) - &m] {
            for b in [n.clone(), m.clone(), &n + &Dim::ONE, Dim::from(4)] {
                let (q, r) = divide(&a, &b);
                assert_eq!(&(&q * &b) + &r, a);
            }
        }
        assert_eq!(divide(&(&(&n * &m) - &Dim::ONE), &n), (&m - &Dim::ONE, &n - &Dim::ONE));
        assert_eq!(divide(&Dim::from(-7), &Dim::from(2)), (Dim::from(-4), Dim::ONE));
    }

    #[test]
    fn orders_are_decided_by_bounds_only() {
        let n = Dim::from(Var::new("N", 2, 100));
        assert!(less(&Dim::ONE, &n) && at_most(&n, &n) && !less(&n, &Dim::from(100)));
        assert_eq!(larger(&n, &Dim::from(3)), None);
        assert_eq!(smaller(&n, &Dim::from(100)), Some(n));
        assert_eq!(ceil_div(&Dim::from(7), &Dim::from(2)), Some(Dim::from(4)));
    }
}
