//! Sums of products: the canonical form of `index` arithmetic.
//!
//! A [`Sum`] is a polynomial with integer coefficients over *atoms*: nodes that are not themselves sums
//! or products (ranges, variables, quotients, remainders, loads…). Equal polynomials are equal values,
//! which decides what cancels. Sound on `index` only, which never overflows.

use std::cmp::Ordering;

use crate::dtype::DType;
use crate::ir::{Graph, Op, Uop};

/// The most terms a sum is expanded to; what would be larger stays as it is written.
const MAX_TERMS: usize = 64;

/// The most steps taken to expand one expression.
const MAX_STEPS: usize = 1024;

/// The largest magnitude of a coefficient: two of them multiply within an `i128`.
const MAX_COEFFICIENT: i128 = 1 << 62;

/// A product of atoms (sorted, with repetition; none for the constant term) and its coefficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term<'g> {
    /// The atoms.
    pub factors: Vec<Uop<'g>>,
    /// Never 0 in a sum.
    pub coefficient: i128,
}

impl<'g> Term<'g> {
    /// A number.
    pub fn constant(value: i128) -> Term<'g> {
        Term { factors: vec![], coefficient: value }
    }

    /// The product of both.
    pub fn times(&self, other: &Term<'g>) -> Option<Term<'g>> {
        let mut factors = [&self.factors[..], &other.factors].concat();
        factors.sort_unstable();
        let coefficient = self.coefficient.checked_mul(other.coefficient)?;
        (coefficient.abs() <= MAX_COEFFICIENT).then_some(Term { factors, coefficient })
    }

    /// The atoms of this term without those of `other`, if it has them all.
    pub fn factors_without(&self, other: &[Uop<'g>]) -> Option<Vec<Uop<'g>>> {
        let mut left = self.factors.clone();
        for f in other {
            let at = left.iter().position(|x| x == f)?;
            left.remove(at);
        }
        Some(left)
    }

    /// Smallest and largest value, from the bounds of the atoms.
    pub fn bounds(&self) -> Option<(i128, i128)> {
        self.factors.iter().try_fold((self.coefficient, self.coefficient), |(l, h), f| {
            let ends = |x: i128| Some((x.checked_mul(f.vmin())?, x.checked_mul(f.vmax())?));
            let ((a, b), (c, d)) = (ends(l)?, ends(h)?);
            Some((a.min(b).min(c).min(d), a.max(b).max(c).max(d)))
        })
    }

    fn build(&self, graph: &'g Graph) -> Uop<'g> {
        let product = self.factors.iter().copied().reduce(|a, b| a * b);
        match product {
            None => graph.constant(DType::INDEX, crate::ir::Value::Int(self.coefficient)),
            Some(p) if self.coefficient == 1 => p,
            Some(p) => p * self.coefficient,
        }
    }

    /// By degree, then by atoms: an order that multiplication preserves.
    pub fn compare(&self, other: &Term<'g>) -> Ordering {
        (self.factors.len(), &self.factors).cmp(&(other.factors.len(), &other.factors))
    }
}

/// Terms in the order they are written: by atoms, the constant last, no two alike.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sum<'g> {
    /// The terms.
    pub terms: Vec<Term<'g>>,
}

impl<'g> Sum<'g> {
    /// The constant `value`.
    pub fn constant(value: i128) -> Sum<'g> {
        Sum::from(Term { factors: vec![], coefficient: value })
    }

    /// The node as one atom, whatever it is.
    pub fn atom(node: Uop<'g>) -> Sum<'g> {
        Sum::from(Term { factors: vec![node], coefficient: 1 })
    }

    /// The polynomial of an `index` node, if it is not too large.
    pub fn of(node: Uop<'g>) -> Option<Sum<'g>> {
        if node.dtype() != DType::INDEX {
            return None;
        }
        let mut sum = Sum::default();
        // Each entry is a product: what is still to be taken apart, and what is known of it.
        let mut products = vec![(vec![node], Term { factors: vec![], coefficient: 1 })];
        let mut steps = 0;
        while let Some((mut pending, mut term)) = products.pop() {
            steps += 1;
            let Some(next) = pending.pop() else {
                sum.add_term(term)?;
                continue;
            };
            match next.op() {
                _ if next.only_value().is_some() => term.coefficient = term.coefficient.checked_mul(next.vmin())?,
                Op::Neg => {
                    term.coefficient = -term.coefficient;
                    pending.push(next.src(0));
                }
                Op::Mul => pending.extend(next.srcs()),
                Op::Add | Op::Sub => {
                    let sign = if next.op() == Op::Sub { -1 } else { 1 };
                    let right = Term { factors: term.factors.clone(), coefficient: term.coefficient * sign };
                    products.push(([&pending[..], &[next.src(1)]].concat(), right));
                    pending.push(next.src(0));
                }
                _ => term.factors.push(next),
            }
            if steps > MAX_STEPS || term.coefficient.abs() > MAX_COEFFICIENT {
                return None;
            }
            products.push((pending, term));
        }
        Some(sum)
    }

    /// The node, in canonical form.
    pub fn build(&self, graph: &'g Graph) -> Uop<'g> {
        let terms = self.terms.iter().map(|t| t.build(graph));
        terms.reduce(|a, b| a + b).unwrap_or_else(|| graph.index(0))
    }

    /// Adds `term`; `None` if the sum gets too large.
    pub fn add_term(&mut self, mut term: Term<'g>) -> Option<()> {
        term.factors.sort_unstable();
        let key = |t: &Term<'g>| (t.factors.is_empty(), t.factors.clone());
        match self.terms.binary_search_by(|t| key(t).cmp(&key(&term))) {
            Ok(at) => {
                let c = &mut self.terms[at].coefficient;
                *c += term.coefficient;
                if *c == 0 {
                    self.terms.remove(at);
                } else if c.abs() > MAX_COEFFICIENT {
                    return None;
                }
            }
            Err(at) if term.coefficient != 0 => self.terms.insert(at, term),
            Err(_) => {}
        }
        (self.terms.len() <= MAX_TERMS).then_some(())
    }

    /// `self + other * factor`.
    pub fn plus(&self, other: &Sum<'g>, factor: &Term<'g>) -> Option<Sum<'g>> {
        let mut sum = self.clone();
        for t in &other.terms {
            sum.add_term(t.times(factor)?)?;
        }
        Some(sum)
    }

    /// `self + other`.
    pub fn add(&self, other: &Sum<'g>) -> Option<Sum<'g>> {
        self.plus(other, &Term { factors: vec![], coefficient: 1 })
    }

    /// `self - other`.
    pub fn minus(&self, other: &Sum<'g>) -> Option<Sum<'g>> {
        self.plus(other, &Term { factors: vec![], coefficient: -1 })
    }

    /// `self * factor`.
    pub fn scaled(&self, factor: &Term<'g>) -> Option<Sum<'g>> {
        Sum::default().plus(self, factor)
    }

    /// The product of both.
    pub fn times(&self, other: &Sum<'g>) -> Option<Sum<'g>> {
        other.terms.iter().try_fold(Sum::default(), |sum, t| sum.plus(self, t))
    }

    /// The value, if there are no atoms.
    pub fn as_constant(&self) -> Option<i128> {
        match &self.terms[..] {
            [] => Some(0),
            [t] if t.factors.is_empty() => Some(t.coefficient),
            _ => None,
        }
    }

    /// The constant term.
    pub fn constant_term(&self) -> i128 {
        self.terms.last().filter(|t| t.factors.is_empty()).map_or(0, |t| t.coefficient)
    }

    /// Smallest and largest value, from the bounds of the atoms.
    pub fn bounds(&self) -> Option<(i128, i128)> {
        self.terms.iter().try_fold((0i128, 0i128), |(l, h), t| {
            let (a, b) = t.bounds()?;
            Some((l.checked_add(a)?, h.checked_add(b)?))
        })
    }

    /// The quotient by a term that divides every term exactly.
    pub fn divided_by(&self, divisor: &Term<'g>) -> Option<Sum<'g>> {
        let mut quotient = Sum::default();
        for t in &self.terms {
            let factors = t.factors_without(&divisor.factors)?;
            if t.coefficient % divisor.coefficient != 0 {
                return None;
            }
            quotient.add_term(Term { factors, coefficient: t.coefficient / divisor.coefficient })?;
        }
        Some(quotient)
    }

    /// The sum with `value` in place of `atom`.
    pub fn substituted(&self, atom: Uop<'g>, value: &Sum<'g>) -> Option<Sum<'g>> {
        let mut result = Sum::default();
        for t in &self.terms {
            let count = t.factors.iter().filter(|f| **f == atom).count();
            let factors = t.factors.iter().copied().filter(|f| *f != atom).collect();
            let mut product = Sum::from(Term { factors, coefficient: t.coefficient });
            for _ in 0..count {
                product = product.times(value)?;
            }
            result = result.add(&product)?;
        }
        Some(result)
    }

    /// The atoms, each once, in order.
    pub fn atoms(&self) -> Vec<Uop<'g>> {
        let mut atoms: Vec<_> = self.terms.iter().flat_map(|t| t.factors.iter().copied()).collect();
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }
}

impl<'g> From<Term<'g>> for Sum<'g> {
    fn from(term: Term<'g>) -> Sum<'g> {
        Sum { terms: if term.coefficient == 0 { vec![] } else { vec![term] } }
    }
}
