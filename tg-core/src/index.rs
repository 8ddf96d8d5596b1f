//! From movement to arithmetic: the index expression of a ShapeTracker, and movement ops by name.
//!
//! The expressions are built as they stand, with every division and comparison; making them small is
//! the business of [`crate::symbolic`].

use crate::dim::Dim;
use crate::ir::{Arg, Graph, Op, Uop, Value, movement_shape};
use crate::view::{Digits, ShapeTracker, View};

impl ShapeTracker {
    /// The tracker after the movement op `op` with argument `arg`; `None` if it is no movement op or
    /// does not fit the shape.
    pub fn apply(&self, op: Op, arg: &Arg) -> Option<ShapeTracker> {
        movement_shape(op, arg, self.shape())?;
        match (op, arg) {
            (Op::Reshape, Arg::Shape(shape)) => Some(self.reshape(shape)),
            (Op::Expand, Arg::Shape(shape)) => Some(self.expand(shape)),
            (Op::Permute, Arg::Axes(axes)) => Some(self.permute(axes)),
            (Op::Flip, Arg::Axes(axes)) => Some(self.flip(axes)),
            (Op::Pad, Arg::Pairs(pairs)) => Some(self.pad(pairs)),
            (Op::Shrink, Arg::Pairs(pairs)) => Some(self.shrink(pairs)),
            (Op::View, Arg::View(outer)) => Some(self.compose(outer)),
            _ => None,
        }
    }
}

/// The element of the buffer at index `at` of `tracker`, and when it is backed by the buffer (`None`
/// if always). `at` has one `index` value per axis, each within its axis.
///
/// Where the element is not backed, the first result is any number.
pub fn index<'g>(tracker: &ShapeTracker, at: &[Uop<'g>], graph: &'g Graph) -> (Uop<'g>, Option<Uop<'g>>) {
    let (mut at, mut all) = (at.to_vec(), None);
    for (i, view) in tracker.views.iter().enumerate().rev() {
        all = [all, backed(view, &at, graph)].into_iter().flatten().reduce(|a, b| a & b);
        match i.checked_sub(1) {
            Some(below) => at = below_view(view, &at, &tracker.views[below].shape, graph),
            None => return (position(view, &at, graph), all),
        }
    }
    (graph.index(0), all)
}

/// The element of the buffer at index `at` of `view`.
pub fn position<'g>(view: &View, at: &[Uop<'g>], graph: &'g Graph) -> Uop<'g> {
    weighted(&view.strides, &view.offset, at, graph)
}

/// The index, in a tensor of `shape`, of what is at index `at` of `view`: any index if that is not backed.
pub fn below_view<'g>(view: &View, at: &[Uop<'g>], shape: &[Dim], graph: &'g Graph) -> Vec<Uop<'g>> {
    let unpacked =
        |digits: Digits| unflatten(weighted(&digits.strides, &digits.offset, at, graph), &shape[digits.axes]);
    view.digits(shape).into_iter().flat_map(unpacked).collect()
}

/// The index of each axis of `shape` at row-major position `position`.
fn unflatten<'g>(position: Uop<'g>, shape: &[Dim]) -> Vec<Uop<'g>> {
    let graph = position.graph();
    let Some(first) = shape.iter().position(|d| !d.is(1)) else {
        return shape.iter().map(|_| graph.index(0)).collect();
    };
    let (mut axes, mut weight) = (Vec::with_capacity(shape.len()), Dim::ONE);
    for (i, d) in shape.iter().enumerate().rev() {
        let row = if weight.is(1) { position } else { position / graph.dim(&weight) };
        axes.push(match i {
            _ if d.is(1) => graph.index(0),
            // The outermost digit is what is left: the position lies within the shape.
            _ if i == first => row,
            _ => row % graph.dim(d),
        });
        weight = &weight * d;
    }
    axes.reverse();
    axes
}

/// `offset + Σ strides[k] * at[k]`.
fn weighted<'g>(strides: &[Dim], offset: &Dim, at: &[Uop<'g>], graph: &'g Graph) -> Uop<'g> {
    let moving = at.iter().zip(strides).filter(|(_, stride)| !stride.is(0));
    let term = |(&x, stride): (&Uop<'g>, &Dim)| if stride.is(1) { x } else { x * graph.dim(stride) };
    match moving.map(term).reduce(|a, b| a + b) {
        Some(sum) if offset.is(0) => sum,
        Some(sum) => sum + graph.dim(offset),
        None => graph.dim(offset),
    }
}

/// What must hold for the element at index `at` of `view` to be backed; `None` if it always is.
pub fn backed<'g>(view: &View, at: &[Uop<'g>], graph: &'g Graph) -> Option<Uop<'g>> {
    if view.is_unbacked() {
        return Some(graph.constant(crate::dtype::DType::BOOL, Value::Bool(false)));
    }
    let mut all = Vec::new();
    for ((&x, d), (begin, end)) in at.iter().zip(&view.shape).zip(view.mask.iter().flatten()) {
        if !begin.is(0) {
            all.push(x.ge(graph.dim(begin)));
        }
        if end != d {
            all.push(x.lt(graph.dim(end)));
        }
    }
    all.into_iter().reduce(|a, b| a & b)
}

#[cfg(test)]
mod tests;
