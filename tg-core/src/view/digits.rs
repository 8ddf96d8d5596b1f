//! Which axes below a view its own axes move along.
//!
//! A view gives a position in the row-major elements of some shape; the index of each axis of that shape is a digit of
//! the position. Where a movement concerned only some of the axes, as most do, the others need not be divided out of a
//! position they were multiplied into: the position falls apart into parts that can be told from the strides.

use std::ops::Range;

use crate::dim::Dim;
use crate::view::View;
use crate::view::decide::{at_most, divide, less};

/// Neighbouring axes of a shape, whose digits are those of `offset + Σ strides[k] * x[k]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// The axes of the shape.
    pub axes: Range<usize>,
    /// For each axis of the view.
    pub strides: Vec<Dim>,
    /// The position where all indices are 0.
    pub offset: Dim,
}

impl View {
    /// The position that this view gives among the row-major elements of `shape`, in as many parts as are provably
    /// independent for every backed index; outermost axes first.
    pub fn digits(&self, shape: &[Dim]) -> Vec<Digits> {
        let mut rest = Digits { axes: 0..shape.len(), strides: self.strides.clone(), offset: self.offset.clone() };
        let mut parts = Vec::new();
        if !self.is_unbacked() && shape.iter().all(|d| d.lower() > 0) {
            let (mut cut, mut weight) = (shape.len(), Dim::ONE);
            while cut > 1 {
                cut -= 1;
                weight = &weight * &shape[cut];
                if let Some((high, low)) = self.cut(&rest, cut, &weight) {
                    parts.push(low);
                    (rest, weight) = (high, Dim::ONE);
                }
            }
        }
        parts.push(rest);
        parts.reverse();
        parts
    }

    /// `whole` as `weight` times one part and another part within `0..weight`.
    fn cut(&self, whole: &Digits, at: usize, weight: &Dim) -> Option<(Digits, Digits)> {
        let quotients: Vec<Option<Dim>> = whole.strides.iter().map(|s| s.div_exact(weight)).collect();
        let low = whole.strides.iter().zip(&quotients).map(|(s, q)| if q.is_some() { Dim::ZERO } else { s.clone() });
        let low: Vec<Dim> = low.collect();
        let (mut least, mut most) = (whole.offset.clone(), whole.offset.clone());
        for (stride, (begin, end)) in low.iter().zip(self.backed()) {
            let (first, last) = (stride * &begin, stride * &(&end - &Dim::ONE));
            let rising = at_most(&Dim::ZERO, stride);
            let (small, large) = if rising { (first, last) } else { (last, first) };
            if !rising && !at_most(stride, &Dim::ZERO) {
                return None;
            }
            (least, most) = (&least + &small, &most + &large);
        }
        let (rows, start) = divide(&least, weight);
        let before = &rows * weight;
        if !at_most(&Dim::ZERO, &start) || !less(&(&most - &before), weight) {
            return None;
        }
        let high: Vec<Dim> = quotients.into_iter().map(|q| q.unwrap_or(Dim::ZERO)).collect();
        let below = Digits { axes: at..whole.axes.end, strides: low, offset: &whole.offset - &before };
        Some((Digits { axes: whole.axes.start..at, strides: high, offset: rows }, below))
    }
}
