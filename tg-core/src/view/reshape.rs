//! Reshape of one strided, masked view, where the result is one view.
//!
//! Axes of the old and the new shape fall into groups of equal element count. Within a group, the old
//! axes must join into one run of constant stride, which then splits into the new axes; a mask joins if
//! it stays an interval, and splits if it stays a box.

use crate::dim::Dim;
use crate::view::View;
use crate::view::decide::at_most;
use crate::view::view::row_major;

/// Adjacent axes that step through the buffer evenly.
#[derive(Clone)]
pub struct Run {
    /// How many positions it has.
    pub size: Dim,
    /// Elements of the buffer between them.
    pub stride: Dim,
    /// Which of them are backed.
    pub backed: (Dim, Dim),
}

impl Run {
    /// Whether all positions are backed.
    pub fn is_full(&self) -> bool {
        self.backed.0.is(0) && self.backed.1 == self.size
    }

    /// Both as one run, if they are one, and what the offset grows by.
    fn join(&self, inner: &Run) -> Option<(Run, Dim)> {
        let step = &inner.stride * &inner.size;
        let (begin, end) = (&self.backed.0 * &inner.size, &self.backed.1 * &inner.size);
        let run = |backed| Run { size: &self.size * &inner.size, stride: inner.stride.clone(), backed };
        if (&self.backed.1 - &self.backed.0).is(1) {
            // One backed row: its own stride does not matter, the offset makes up for it.
            let backed = (&begin + &inner.backed.0, &begin + &inner.backed.1);
            return Some((run(backed), &(&self.stride - &step) * &self.backed.0));
        }
        (self.stride == step && inner.is_full()).then(|| (run((begin, end)), Dim::ZERO))
    }
}

impl View {
    /// Its axes without those of size 1.
    fn long_axes(&self) -> Vec<Run> {
        let axes = self.shape.iter().zip(&self.strides).zip(self.backed());
        let run = |((d, s), backed): ((&Dim, &Dim), (Dim, Dim))| Run { size: d.clone(), stride: s.clone(), backed };
        axes.filter(|((d, _), _)| !d.is(1)).map(run).collect()
    }

    /// Its axes joined into as few runs as possible, and the offset that goes with them.
    pub(super) fn runs(&self) -> (Vec<Run>, Dim) {
        join_all(self.long_axes(), self.offset.clone())
    }

    /// The same elements in row-major order as `shape`, of equal size; `None` if that is not one view.
    pub fn reshape(&self, shape: &[Dim]) -> Option<View> {
        if self.shape == shape {
            return Some(self.clone());
        }
        if shape.iter().any(|d| d.is(0)) {
            return Some(View::contiguous(shape));
        }
        if self.is_unbacked() {
            return Some(View::unbacked(shape.to_vec()));
        }
        let old = self.long_axes();
        // An axis of size 1 that is masked by an undecided range has no place in the result.
        let short = self.shape.iter().zip(self.backed()).filter(|(d, _)| d.is(1));
        if short.into_iter().any(|(_, (begin, end))| !begin.is(0) || !end.is(1)) {
            return None;
        }
        let new: Vec<Dim> = shape.iter().filter(|d| !d.is(1)).cloned().collect();
        let (mut offset, mut axes) = (self.offset.clone(), Vec::new());
        for (from, to) in groups(&old, &new)? {
            let (runs, moved) = join_all(from.to_vec(), offset);
            let [run] = &runs[..] else { return None };
            offset = moved;
            axes.extend(split(run, to)?);
        }
        Some(place(shape, axes, offset))
    }
}

fn join_all(axes: Vec<Run>, mut offset: Dim) -> (Vec<Run>, Dim) {
    let mut runs: Vec<Run> = Vec::with_capacity(axes.len());
    for axis in axes {
        match runs.last().and_then(|outer| outer.join(&axis)) {
            Some((joined, moved)) => {
                offset = &offset + &moved;
                runs.pop();
                runs.push(joined);
            }
            None => runs.push(axis),
        }
    }
    (runs, offset)
}

/// The finest cut of both shapes into groups of equal size; `None` if their sizes differ.
fn groups<'a>(old: &'a [Run], new: &'a [Dim]) -> Option<Vec<(&'a [Run], &'a [Dim])>> {
    let ends = |sizes: Vec<&Dim>| -> Vec<Dim> {
        let product = |p: &mut Dim, d: &Dim| {
            *p = &*p * d;
            Some(p.clone())
        };
        sizes.into_iter().scan(Dim::ONE, product).collect()
    };
    let (old_ends, new_ends) = (ends(old.iter().map(|r| &r.size).collect()), ends(new.iter().collect()));
    if old_ends.last() != new_ends.last() {
        return None;
    }
    let (mut found, mut from, mut to) = (Vec::new(), 0, 0);
    for (i, end) in old_ends.iter().enumerate() {
        if let Some(j) = new_ends.iter().position(|e| e == end).filter(|&j| j >= to) {
            found.push((&old[from..=i], &new[to..=j]));
            (from, to) = (i + 1, j + 1);
        }
    }
    Some(found)
}

/// `run` as axes of sizes `shape`.
fn split(run: &Run, shape: &[Dim]) -> Option<Vec<Run>> {
    let steps = row_major(shape);
    let mut backed: Vec<(Dim, Dim)> = Vec::with_capacity(shape.len());
    let mut rest = (!run.is_full()).then(|| run.backed.clone());
    for step in &steps {
        let axis = backed.len();
        let full = (Dim::ZERO, shape[axis].clone());
        let Some((begin, end)) = rest.take() else {
            backed.push(full);
            continue;
        };
        if let (Some(b), Some(e)) = (begin.div_exact(step), end.div_exact(step)) {
            backed.push((b, e));
            continue;
        }
        let row = only_row(&begin, &end, step)?;
        let before = &row * step;
        rest = Some((&begin - &before, &end - &before));
        backed.push((row.clone(), &row + &Dim::ONE));
    }
    let axis = |((d, step), backed): ((&Dim, &Dim), _)| Run { size: d.clone(), stride: &run.stride * step, backed };
    Some(shape.iter().zip(&steps).zip(backed).map(axis).collect())
}

/// The row of length `step` that all of `begin..end` lies in.
fn only_row(begin: &Dim, end: &Dim, step: &Dim) -> Option<Dim> {
    let row = match (begin.known(), step.known()) {
        (Some(b), Some(s)) => Dim::from(b.div_euclid(s)),
        _ => Dim::ZERO,
    };
    let start = &row * step;
    (at_most(&start, begin) && at_most(end, &(&start + step))).then_some(row)
}

/// The view of `shape` whose axes of size other than 1 are `axes`.
fn place(shape: &[Dim], axes: Vec<Run>, offset: Dim) -> View {
    let (mut strides, mut mask, mut axes) = (Vec::new(), Vec::new(), axes.into_iter());
    for d in shape {
        let one = || Run { size: Dim::ONE, stride: Dim::ZERO, backed: (Dim::ZERO, Dim::ONE) };
        let axis = if d.is(1) { one() } else { axes.next().unwrap_or_else(one) };
        strides.push(axis.stride);
        mask.push(axis.backed);
    }
    View::new(shape.to_vec(), strides, offset, Some(mask))
}
