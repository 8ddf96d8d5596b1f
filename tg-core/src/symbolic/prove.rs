//! Proving that a sum is never negative: what bounds of single nodes cannot say, such as `i < N` for a
//! range `i` over `N`, or `i*N + j < M*N`.

use crate::ir::{Op, Uop};
use crate::symbolic::linear::Sum;

/// The most atoms eliminated in one proof.
const MAX_ELIMINATIONS: usize = 16;

/// Whether `sum >= 0` for all values of its atoms; `false` means unknown.
pub fn never_negative(sum: &Sum<'_>) -> bool {
    if least(sum).is_some_and(|low| low >= 0) {
        return true;
    }
    let mut sum = sum.clone();
    for _ in 0..MAX_ELIMINATIONS {
        let Some(smaller) = eliminated(&sum) else { break };
        sum = smaller;
        if least(&sum).is_some_and(|low| low >= 0) {
            return true;
        }
    }
    shifted(&sum).is_some_and(|sum| sum >= 0)
}

/// Whether `a < b` for all values of the atoms; `false` means unknown.
pub fn always_less<'g>(a: &Sum<'g>, b: &Sum<'g>) -> bool {
    let gap = b.minus(a).and_then(|gap| gap.minus(&Sum::constant(1)));
    gap.is_some_and(|gap| never_negative(&gap))
}

fn least(sum: &Sum<'_>) -> Option<i128> {
    Some(sum.bounds()?.0)
}

/// A lower bound of the sum without one of its atoms that runs over `0..n` for a node `n`: the sum is
/// linear in it, so it is smallest at one of the ends.
fn eliminated<'g>(sum: &Sum<'g>) -> Option<Sum<'g>> {
    // Later atoms may run over expressions in earlier ones.
    sum.atoms().into_iter().rev().find_map(|atom| {
        let last = Sum::of(extent(atom)?)?.minus(&Sum::constant(1))?;
        let slope = slope(sum, atom)?;
        let (low, high) = slope.bounds()?;
        match () {
            _ if low >= 0 => sum.substituted(atom, &Sum::default()),
            _ if high <= 0 => sum.substituted(atom, &last),
            _ => None,
        }
    })
}

/// The `n` of an atom that is in `0..n` wherever it is evaluated.
fn extent(atom: Uop<'_>) -> Option<Uop<'_>> {
    match atom.op() {
        Op::Range => Some(atom.src(0)),
        Op::Mod if atom.src(1).vmin() > 0 => Some(atom.src(1)),
        _ => None,
    }
}

/// The factor of `atom`, if the sum is linear in it.
fn slope<'g>(sum: &Sum<'g>, atom: Uop<'g>) -> Option<Sum<'g>> {
    let mut slope = Sum::default();
    for t in sum.terms.iter().filter(|t| t.factors.contains(&atom)) {
        let mut rest = t.clone();
        rest.factors = t.factors_without(&[atom])?;
        if rest.factors.contains(&atom) {
            return None;
        }
        slope.add_term(rest)?;
    }
    Some(slope)
}

/// The least value of the sum written in the distances of its atoms from their least values: exact for
/// `M*N - N` with `M >= 1`, where intervals know nothing.
fn shifted(sum: &Sum<'_>) -> Option<i128> {
    let mut moved = sum.clone();
    for atom in sum.atoms() {
        let start = Sum::constant(Some(atom.vmin()).filter(|v| v.abs() < 1 << 40)?);
        moved = moved.substituted(atom, &Sum::atom(atom).add(&start)?)?;
    }
    moved.terms.iter().try_fold(0i128, |low, t| {
        let most = t.factors.iter().try_fold(t.coefficient, |c, f| c.checked_mul(f.vmax() - f.vmin()));
        low.checked_add(if t.factors.is_empty() || t.coefficient < 0 { most? } else { 0 })
    })
}
