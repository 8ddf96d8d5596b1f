//! Two stacked views as one.
//!
//! The outer view turns its index `x` into a position in the inner view's elements, whose digits in the
//! inner shape are the inner index. If every digit is affine in `x` and stays within its axis for all
//! backed `x`, digits and position determine each other, and the two views are one. The inner mask must
//! then come out as a box in `x`.

use crate::dim::Dim;
use crate::view::View;
use crate::view::decide::{at_most, ceil_div, divide, floor_div, larger, less, smaller};
use crate::view::reshape::Run;
use crate::view::view::row_major;

/// A half-open range per axis.
type Region = Vec<(Dim, Dim)>;

impl View {
    /// The view equal to looking through `outer` at the row-major elements of `inner`; `None` if that
    /// is not provably one view. Every backed position of `outer` must exist in `inner`.
    pub fn compose(inner: &View, outer: &View) -> Option<View> {
        if outer.shape.iter().any(|d| d.is(0)) || outer.is_unbacked() {
            return Some(outer.clone());
        }
        if inner.is_unbacked() {
            return Some(View::unbacked(outer.shape.clone()));
        }
        if outer.is_contiguous()
            && let Some(view) = inner.reshape(&outer.shape)
        {
            return Some(view);
        }
        // An axis of size 1 whose mask is undecided would be lost among the runs.
        let undecided = |(d, (begin, end)): (&Dim, (Dim, Dim))| d.is(1) && !(begin.is(0) && end.is(1));
        if inner.shape.iter().zip(inner.backed()).any(undecided) {
            return None;
        }
        let (runs, offset) = inner.runs();
        let digits = Affine::digits(&runs, outer);
        let backed = outer.backed();
        if !digits
            .iter()
            .zip(&runs)
            .skip(1)
            .all(|(digit, run)| digit.is_within(&backed, &(Dim::ZERO, run.size.clone())))
        {
            return None;
        }
        let masked: Vec<(&Affine, &(Dim, Dim))> =
            digits.iter().zip(&runs).filter(|(_, run)| !run.is_full()).map(|(d, run)| (d, &run.backed)).collect();
        let Some(mask) = meet(backed, &masked)? else { return Some(View::unbacked(outer.shape.clone())) };
        let sum = |start: Dim, part: &dyn Fn(&Affine) -> Dim| {
            digits.iter().zip(&runs).fold(start, |sum, (d, run)| &sum + &(&part(d) * &run.stride))
        };
        let strides = (0..outer.shape.len()).map(|k| sum(Dim::ZERO, &|d| d.factors[k].clone())).collect();
        Some(View::new(outer.shape.clone(), strides, sum(offset, &|d| d.base.clone()), Some(mask)))
    }
}

/// `base + Σ factors[k] * x[k]`.
struct Affine {
    base: Dim,
    factors: Vec<Dim>,
}

impl Affine {
    /// The digits in the sizes of `runs` of the position that `outer` computes, as affine functions of
    /// its index: exact at the first backed index and its neighbours along each axis.
    fn digits(runs: &[Run], outer: &View) -> Vec<Affine> {
        let sizes: Vec<Dim> = runs.iter().map(|r| r.size.clone()).collect();
        let weights = row_major(&sizes);
        let first: Vec<Dim> = outer.backed().into_iter().map(|(begin, _)| begin).collect();
        let start = first.iter().zip(&outer.strides).fold(outer.offset.clone(), |sum, (x, s)| &sum + &(x * s));
        let origin = digits_of(&start, &weights);
        let steps: Vec<Vec<Dim>> = outer.strides.iter().map(|s| digits_of(&(&start + s), &weights)).collect();
        let affine = |(i, at): (usize, &Dim)| {
            let factors: Vec<Dim> = steps.iter().map(|step| &step[i] - at).collect();
            let base = factors.iter().zip(&first).fold(at.clone(), |base, (f, x)| &base - &(f * x));
            Affine { base, factors }
        };
        origin.iter().enumerate().map(affine).collect()
    }

    /// The range of `factors[k] * x[k]` over a box, inclusive.
    fn term(&self, k: usize, over: &[(Dim, Dim)]) -> Option<(Dim, Dim)> {
        let (factor, (begin, end)) = (&self.factors[k], &over[k]);
        let (first, last) = (factor * begin, factor * &(end - &Dim::ONE));
        match (factor.lower() >= 0, factor.upper() <= 0) {
            (true, _) => Some((first, last)),
            (_, true) => Some((last, first)),
            _ => None,
        }
    }

    /// Its range over a box, inclusive, without the term of axis `without`.
    fn range(&self, over: &[(Dim, Dim)], without: Option<usize>) -> Option<(Dim, Dim)> {
        let axes = (0..self.factors.len()).filter(|&k| Some(k) != without);
        axes.map(|k| self.term(k, over)).try_fold((self.base.clone(), self.base.clone()), |(lo, hi), term| {
            let (l, h) = term?;
            Some((&lo + &l, &hi + &h))
        })
    }

    /// Whether its value lies in `range` everywhere in a box.
    fn is_within(&self, over: &[(Dim, Dim)], range: &(Dim, Dim)) -> bool {
        self.range(over, None).is_some_and(|(lo, hi)| at_most(&range.0, &lo) && less(&hi, &range.1))
    }

    /// The values of `x[k]` for which its value can lie in `range`.
    fn preimage(&self, k: usize, over: &[(Dim, Dim)], range: &(Dim, Dim)) -> Option<(Dim, Dim)> {
        let (rest_lo, rest_hi) = self.range(over, Some(k))?;
        let (lo, hi) = (&range.0 - &rest_hi, &range.1 - &rest_lo);
        let factor = &self.factors[k];
        match (factor.lower() > 0, factor.upper() < 0) {
            (true, _) => Some((ceil_div(&lo, factor)?, ceil_div(&hi, factor)?)),
            (_, true) => {
                let size = -factor;
                Some((&floor_div(&-&hi, &size)? + &Dim::ONE, &floor_div(&-&lo, &size)? + &Dim::ONE))
            }
            _ => None,
        }
    }
}

/// The digits of `position` with place values `weights`; the last digit takes what remains.
fn digits_of(position: &Dim, weights: &[Dim]) -> Vec<Dim> {
    let mut rest = position.clone();
    let mut digits = Vec::with_capacity(weights.len());
    for weight in weights {
        let (digit, left) = if weight.is(1) { (rest, Dim::ZERO) } else { divide(&rest, weight) };
        digits.push(digit);
        rest = left;
    }
    digits
}

/// The part of a box where every digit is in its range, if that is provably a box; `Some(None)` if it
/// is provably empty.
fn meet(over: Region, masked: &[(&Affine, &(Dim, Dim))]) -> Option<Option<Region>> {
    let mut within = over;
    for (digit, range) in masked {
        if digit.is_within(&within, range) {
            continue;
        }
        for k in (0..within.len()).filter(|&k| !digit.factors[k].is(0)) {
            let (begin, end) = digit.preimage(k, &within, range)?;
            within[k] = (larger(&within[k].0, &begin)?, smaller(&within[k].1, &end)?);
        }
        if digit.range(&within, None).is_some_and(|(lo, hi)| less(&hi, &range.0) || at_most(&range.1, &lo)) {
            return Some(None);
        }
    }
    if within.iter().any(|(begin, end)| at_most(end, begin)) {
        return Some(None);
    }
    masked.iter().all(|(digit, range)| digit.is_within(&within, range)).then_some(Some(within))
}
