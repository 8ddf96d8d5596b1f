//! One view and the movements that keep it one.
//!
//! Every movement but [`View::reshape`] of masked or strided data is arithmetic on four vectors; where
//! the result would need a comparison that is undecided for symbolic sizes, it is `None`. A movement of
//! a view made by [`View::contiguous`] always succeeds.

use crate::dim::Dim;
use crate::view::decide::{at_most, larger, smaller};

/// One strided, masked window onto a flat buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Size of each axis.
    pub shape: Vec<Dim>,
    /// Elements of the buffer between neighbours along each axis; 0 repeats, negative reverses.
    pub strides: Vec<Dim>,
    /// Element of the buffer at index 0 on every axis.
    pub offset: Dim,
    /// The half-open range of each axis that is backed by the buffer; elements outside read as zero.
    pub mask: Option<Vec<(Dim, Dim)>>,
}

/// The strides of row-major data.
pub(super) fn row_major(shape: &[Dim]) -> Vec<Dim> {
    let mut strides = vec![Dim::ONE; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = &strides[i] * &shape[i];
    }
    strides
}

impl View {
    /// The view in canonical form:
    /// - an axis that takes one position only (of size 1, or masked down to one) has stride 0, and what
    ///   its stride contributed is in the offset;
    /// - a mask that covers everything is dropped;
    /// - a view with no backed element has strides and offset 0, and mask `(0, 0)` on every axis, or no
    ///   mask if it has no element at all.
    pub fn new(shape: Vec<Dim>, mut strides: Vec<Dim>, mut offset: Dim, mask: Option<Vec<(Dim, Dim)>>) -> View {
        if shape.iter().any(|d| d.is(0)) {
            let strides = vec![Dim::ZERO; shape.len()];
            return View { shape, strides, offset: Dim::ZERO, mask: None };
        }
        if mask.iter().flatten().any(|(begin, end)| at_most(end, begin)) {
            return View::unbacked(shape);
        }
        for (axis, stride) in strides.iter_mut().enumerate() {
            let single = mask.as_ref().map(|m| &m[axis]).filter(|(begin, end)| (end - begin).is(1));
            if let Some((begin, _)) = single {
                offset = &offset + &(&*stride * begin);
            }
            if shape[axis].is(1) || single.is_some() {
                *stride = Dim::ZERO;
            }
        }
        let mask = mask.filter(|m| m.iter().zip(&shape).any(|((begin, end), d)| !begin.is(0) || end != d));
        View { shape, strides, offset, mask }
    }

    /// Row-major data of `shape`.
    pub fn contiguous(shape: &[Dim]) -> View {
        View::new(shape.to_vec(), row_major(shape), Dim::ZERO, None)
    }

    /// Zeros of `shape`.
    pub(super) fn unbacked(shape: Vec<Dim>) -> View {
        let rank = shape.len();
        View {
            shape,
            strides: vec![Dim::ZERO; rank],
            offset: Dim::ZERO,
            mask: Some(vec![(Dim::ZERO, Dim::ZERO); rank]),
        }
    }

    /// Whether it is row-major data from the start of the buffer, all of it backed.
    pub fn is_contiguous(&self) -> bool {
        *self == View::contiguous(&self.shape)
    }

    /// Whether it has elements and none of them is backed.
    pub fn is_unbacked(&self) -> bool {
        self.mask.iter().flatten().any(|(begin, end)| at_most(end, begin))
    }

    /// How many elements it has.
    pub fn size(&self) -> Dim {
        self.shape.iter().fold(Dim::ONE, |product, d| &product * d)
    }

    /// The backed range of each axis.
    pub fn backed(&self) -> Vec<(Dim, Dim)> {
        let full = || self.shape.iter().map(|d| (Dim::ZERO, d.clone())).collect();
        self.mask.clone().unwrap_or_else(full)
    }

    /// Axis `i` of the result is axis `axes[i]`; `axes` is a permutation.
    pub fn permute(&self, axes: &[usize]) -> View {
        View {
            shape: axes.iter().map(|&a| self.shape[a].clone()).collect(),
            strides: axes.iter().map(|&a| self.strides[a].clone()).collect(),
            offset: self.offset.clone(),
            mask: self.mask.as_ref().map(|m| axes.iter().map(|&a| m[a].clone()).collect()),
        }
    }

    /// Repeats axes of size 1 to `shape`, of the same rank.
    pub fn expand(&self, shape: &[Dim]) -> Option<View> {
        let widen = |(axis, (begin, end)): (usize, (Dim, Dim))| match () {
            _ if self.shape[axis] == shape[axis] => Some((begin, end)),
            _ if begin.is(0) && end.is(1) => Some((Dim::ZERO, shape[axis].clone())),
            _ => None,
        };
        if self.is_unbacked() {
            return Some(View::new(shape.to_vec(), self.strides.clone(), Dim::ZERO, self.mask.clone()));
        }
        let mask = match &self.mask {
            Some(_) => Some(self.backed().into_iter().enumerate().map(widen).collect::<Option<_>>()?),
            None => None,
        };
        Some(View::new(shape.to_vec(), self.strides.clone(), self.offset.clone(), mask))
    }

    /// Adds `pairs[axis]` zeros (before, after) to each axis.
    pub fn pad(&self, pairs: &[(Dim, Dim)]) -> View {
        let shape = self.shape.iter().zip(pairs).map(|(d, (before, after))| &(d + before) + after).collect();
        let shifted = self.backed().into_iter().zip(pairs).map(|((b, e), (before, _))| (&b + before, &e + before));
        let moved = self.strides.iter().zip(pairs).fold(self.offset.clone(), |o, (s, (before, _))| &o - &(s * before));
        View::new(shape, self.strides.clone(), moved, Some(shifted.collect()))
    }

    /// Keeps the half-open range `pairs[axis]` of each axis.
    pub fn shrink(&self, pairs: &[(Dim, Dim)]) -> Option<View> {
        let shape: Vec<Dim> = pairs.iter().map(|(begin, end)| end - begin).collect();
        if self.is_unbacked() || shape.iter().any(|d| d.is(0)) {
            return Some(View::new(shape, self.strides.clone(), Dim::ZERO, self.mask.clone()));
        }
        let meet = |((b, e), (begin, end)): (&(Dim, Dim), &(Dim, Dim))| {
            Some((&larger(b, begin)? - begin, &smaller(e, end)? - begin))
        };
        let mask = match &self.mask {
            Some(mask) => Some(mask.iter().zip(pairs).map(meet).collect::<Option<_>>()?),
            None => None,
        };
        let moved = self.strides.iter().zip(pairs).fold(self.offset.clone(), |o, (s, (begin, _))| &o + &(s * begin));
        Some(View::new(shape, self.strides.clone(), moved, mask))
    }

    /// Reverses `axes`.
    pub fn flip(&self, axes: &[usize]) -> View {
        let mut view = self.clone();
        for &axis in axes {
            let last = &self.shape[axis] - &Dim::ONE;
            view.offset = &view.offset + &(&view.strides[axis] * &last);
            view.strides[axis] = -&view.strides[axis];
            if let Some((begin, end)) = view.mask.as_mut().map(|m| &mut m[axis]) {
                (*begin, *end) = (&self.shape[axis] - end, &self.shape[axis] - begin);
            }
        }
        View::new(view.shape, view.strides, view.offset, view.mask)
    }
}
