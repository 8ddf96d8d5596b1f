//! From movement to arithmetic: the index expression of a ShapeTracker, and movement ops by name.
//!
//! The expressions are built as they stand, with every division and comparison; making them small is
//! the business of [`crate::symbolic`].

use crate::dim::Dim;
use crate::ir::{Arg, Graph, Op, Uop, Value, movement_shape};
use crate::view::{ShapeTracker, View};

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
    let mut views = tracker.views.iter().rev();
    let Some(visible) = views.next() else { return (graph.index(0), None) };
    let mut position = flatten(visible, at, graph);
    let mut backed = conditions(visible, at, graph);
    for view in views {
        let at = unflatten(position, &view.shape);
        position = flatten(view, &at, graph);
        backed.extend(conditions(view, &at, graph));
    }
    (position, backed.into_iter().reduce(|a, b| a & b))
}

/// The index of each axis of `shape` at row-major position `position`.
pub fn unflatten<'g>(position: Uop<'g>, shape: &[Dim]) -> Vec<Uop<'g>> {
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

fn flatten<'g>(view: &View, at: &[Uop<'g>], graph: &'g Graph) -> Uop<'g> {
    let moving = at.iter().zip(&view.strides).filter(|(_, stride)| !stride.is(0));
    let term = |(&x, stride): (&Uop<'g>, &Dim)| if stride.is(1) { x } else { x * graph.dim(stride) };
    match moving.map(term).reduce(|a, b| a + b) {
        Some(sum) if view.offset.is(0) => sum,
        Some(sum) => sum + graph.dim(&view.offset),
        None => graph.dim(&view.offset),
    }
}

/// What must hold for the element at `at` to be backed.
fn conditions<'g>(view: &View, at: &[Uop<'g>], graph: &'g Graph) -> Vec<Uop<'g>> {
    if view.is_unbacked() {
        return vec![graph.constant(crate::dtype::DType::BOOL, Value::Bool(false))];
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
    all
}

#[cfg(test)]
mod tests;
