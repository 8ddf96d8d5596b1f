//! Dimensions: integer polynomials in run-time variables.
//!
//! A [`Dim`] is a known integer or a polynomial such as `N*784 + 2` over named variables with bounds.
//! Polynomials have one canonical form, so equal sizes are identical values: `N*784/784 == N` is
//! decided, not guessed. What a polynomial cannot say (`N/2` for unknown `N`) has no `Dim`.

use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::sync::Arc;

/// A dimension whose value is known only at run time, with inclusive bounds.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var {
    /// The name the user gave it.
    pub name: Arc<str>,
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
}

impl Var {
    /// A variable `name` with values in `min..=max`.
    pub fn new(name: &str, min: i64, max: i64) -> Var {
        Var { name: name.into(), min, max }
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}..={}]", self.name, self.min, self.max)
    }
}

/// A product of variables (sorted; empty for the constant term) and its coefficient (never 0).
type Term = (Vec<Var>, i64);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Known(i64),
    /// Sorted by variables; at least one term has a variable.
    Poly(Arc<Vec<Term>>),
}

/// A size, stride or offset: an integer polynomial in run-time variables, in canonical form.
///
/// Arithmetic saturates; shapes whose element count does not fit are rejected where they are made.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dim(Repr);

impl Dim {
    /// The known dimension 0.
    pub const ZERO: Dim = Dim(Repr::Known(0));
    /// The known dimension 1.
    pub const ONE: Dim = Dim(Repr::Known(1));

    /// The value, if it does not depend on run-time variables.
    pub fn known(&self) -> Option<i64> {
        match self.0 {
            Repr::Known(v) => Some(v),
            Repr::Poly(_) => None,
        }
    }

    /// Whether this is the known value `v`.
    pub fn is(&self, v: i64) -> bool {
        self.known() == Some(v)
    }

    /// The terms (variables, coefficient) whose products sum to this dimension.
    pub fn terms(&self) -> Vec<(Vec<Var>, i64)> {
        match &self.0 {
            Repr::Known(0) => vec![],
            Repr::Known(v) => vec![(vec![], *v)],
            Repr::Poly(terms) => terms.to_vec(),
        }
    }

    fn from_terms(mut terms: Vec<Term>) -> Dim {
        terms.sort();
        let mut canonical: Vec<Term> = Vec::with_capacity(terms.len());
        for (vars, c) in terms {
            match canonical.last_mut() {
                Some(last) if last.0 == vars => last.1 = last.1.saturating_add(c),
                _ => canonical.push((vars, c)),
            }
        }
        canonical.retain(|t| t.1 != 0);
        match &canonical[..] {
            [] => Dim::ZERO,
            [(vars, c)] if vars.is_empty() => Dim::from(*c),
            _ => Dim(Repr::Poly(Arc::new(canonical))),
        }
    }

    /// Smallest and largest value over all values of the variables (exact when each variable occurs
    /// once, conservative otherwise).
    pub fn bounds(&self) -> (i64, i64) {
        let sat = |v: i128| v.clamp(i64::MIN as i128, i64::MAX as i128) as i64;
        let (mut lo, mut hi) = (0i128, 0i128);
        for (vars, c) in self.terms() {
            let (mut l, mut h) = (c as i128, c as i128);
            for v in &vars {
                let ends = [l * v.min as i128, l * v.max as i128, h * v.min as i128, h * v.max as i128];
                let clamp = |x: i128| x.clamp(i64::MIN as i128, i64::MAX as i128);
                (l, h) = (clamp(*ends.iter().min().unwrap_or(&0)), clamp(*ends.iter().max().unwrap_or(&0)));
            }
            (lo, hi) = (lo + l, hi + h);
        }
        (sat(lo), sat(hi))
    }

    /// Smallest possible value.
    pub fn lower(&self) -> i64 {
        self.known().unwrap_or_else(|| self.bounds().0)
    }

    /// Largest possible value.
    pub fn upper(&self) -> i64 {
        self.known().unwrap_or_else(|| self.bounds().1)
    }

    /// The quotient, if `divisor` divides this polynomial exactly; `divisor` is a single term.
    pub fn div_exact(&self, divisor: &Dim) -> Option<Dim> {
        if let (Some(a), Some(b)) = (self.known(), divisor.known()) {
            return (b != 0 && a % b == 0).then(|| Dim::from(a / b));
        }
        if self == divisor {
            return Some(Dim::ONE);
        }
        let [(dvars, dc)] = &divisor.terms()[..] else { return None };
        let terms = self.terms().into_iter().map(|(mut vars, c)| {
            for v in dvars {
                let at = vars.iter().position(|x| x == v)?;
                vars.remove(at);
            }
            (c % dc == 0).then_some((vars, c / dc))
        });
        terms.collect::<Option<Vec<_>>>().map(Dim::from_terms)
    }

    /// The value for given values of the variables.
    pub fn eval(&self, value: &dyn Fn(&Var) -> i64) -> i64 {
        let term = |(vars, c): &Term| vars.iter().fold(*c, |p, v| p.saturating_mul(value(v)));
        match &self.0 {
            Repr::Known(v) => *v,
            Repr::Poly(terms) => terms.iter().map(term).fold(0, i64::saturating_add),
        }
    }

    /// The variables this dimension depends on, each once, sorted.
    pub fn vars(&self) -> Vec<Var> {
        let mut vars: Vec<Var> = self.terms().into_iter().flat_map(|t| t.0).collect();
        vars.sort();
        vars.dedup();
        vars
    }

    /// The product of `dims`, or `None` if its largest value does not fit an `i64`.
    pub fn product<'a>(dims: impl IntoIterator<Item = &'a Dim>) -> Option<Dim> {
        let (mut product, mut bound) = (Dim::ONE, 1i64);
        for d in dims {
            bound = bound.checked_mul(d.upper().max(1))?;
            product = &product * d;
        }
        Some(product)
    }
}

impl From<i64> for Dim {
    fn from(v: i64) -> Dim {
        Dim(Repr::Known(v))
    }
}

impl From<Var> for Dim {
    fn from(v: Var) -> Dim {
        Dim(Repr::Poly(Arc::new(vec![(vec![v], 1)])))
    }
}

impl Add for &Dim {
    type Output = Dim;
    fn add(self, other: &Dim) -> Dim {
        match (self.known(), other.known()) {
            (Some(a), Some(b)) => Dim::from(a.saturating_add(b)),
            (_, Some(0)) => self.clone(),
            (Some(0), _) => other.clone(),
            _ => Dim::from_terms([self.terms(), other.terms()].concat()),
        }
    }
}

impl Mul for &Dim {
    type Output = Dim;
    fn mul(self, other: &Dim) -> Dim {
        match (self.known(), other.known()) {
            (Some(a), Some(b)) => return Dim::from(a.saturating_mul(b)),
            (_, Some(1)) => return self.clone(),
            (Some(1), _) => return other.clone(),
            _ => {}
        }
        let mut terms = Vec::new();
        for (xs, a) in self.terms() {
            for (ys, b) in other.terms() {
                let mut vars = [xs.clone(), ys].concat();
                vars.sort();
                terms.push((vars, a.saturating_mul(b)));
            }
        }
        Dim::from_terms(terms)
    }
}

impl Neg for &Dim {
    type Output = Dim;
    fn neg(self) -> Dim {
        self * &Dim::from(-1)
    }
}

impl Sub for &Dim {
    type Output = Dim;
    fn sub(self, other: &Dim) -> Dim {
        self + &-other
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(v) = self.known() {
            return write!(f, "{v}");
        }
        for (i, (vars, c)) in self.terms().iter().rev().enumerate() {
            f.write_str(if i == 0 { "" } else { "+" })?;
            let names: Vec<&str> = vars.iter().map(|v| &*v.name).collect();
            match (*c, names.is_empty()) {
                (1, false) => f.write_str(&names.join("*"))?,
                (c, true) => write!(f, "{c}")?,
                (c, false) => write!(f, "{}*{c}", names.join("*"))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n() -> Dim {
        Dim::from(Var::new("N", 1, 100))
    }

    #[test]
    fn equal_polynomials_are_identical() {
        let (n, m) = (n(), Dim::from(Var::new("M", 0, 9)));
        assert_eq!(&(&n + &m) * &n, &(&n * &n) + &(&m * &n));
        assert_eq!(&(&n * &Dim::from(784)) - &(&n * &Dim::from(784)), Dim::ZERO);
        assert_eq!((&n * &Dim::from(784)).div_exact(&Dim::from(784)), Some(n.clone()));
        assert_eq!((&n * &Dim::from(784)).div_exact(&n), Some(Dim::from(784)));
        assert_eq!((&n * &Dim::from(3)).div_exact(&Dim::from(2)), None);
    }

    #[test]
    fn bounds_display_and_value() {
        let d = &(&n() * &Dim::from(-3)) + &Dim::from(5);
        assert_eq!(d.bounds(), (-295, 2));
        assert_eq!(d.to_string(), "N*-3+5");
        assert_eq!(d.eval(&|_| 10), -25);
        assert_eq!(Dim::product(&[Dim::from(i64::MAX), Dim::from(2)]), None);
    }
}
