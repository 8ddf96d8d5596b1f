//! The shape of a node, from its argument and the shapes of its sources.
//!
//! `None` means that the sources do not fit; reporting that, with the tree, is the spec's business.

use crate::dim::Dim;
use crate::ir::{Arg, Class, Op, Uop};

pub(super) fn infer(op: Op, arg: &Arg, src: &[Uop]) -> Option<Vec<Dim>> {
    match op.class() {
        Class::Movement => movement(op, arg, src.first()?.try_shape()?),
        Class::Unary | Class::Binary | Class::Ternary => elementwise(src),
        Class::Source => Some(match arg {
            Arg::Buffer(_, shape) | Arg::Shape(shape) => shape.clone(),
            _ => vec![],
        }),
        Class::Marker if op == Op::Sink => Some(vec![]),
        Class::Marker => Some(src.first()?.try_shape()?.to_vec()),
        Class::Reduction => match arg {
            Arg::Reduce(_, axes) => {
                let shape = src.first()?.try_shape()?;
                let fits = axes.iter().all(|&a| a < shape.len());
                let kept = |(i, d): (usize, &Dim)| if axes.contains(&i) { Dim::ONE } else { d.clone() };
                fits.then(|| shape.iter().enumerate().map(kept).collect())
            }
            _ => Some(vec![]),
        },
        Class::Memory | Class::Lanes | Class::Control => Some(vec![]),
    }
}

/// Sources of shape `()` stand for every element; all others agree.
fn elementwise(src: &[Uop]) -> Option<Vec<Dim>> {
    let mut result: &[Dim] = &[];
    for s in src {
        let shape = s.try_shape()?;
        match (result.is_empty(), shape.is_empty()) {
            (_, true) => {}
            (true, false) => result = shape,
            (false, false) if result == shape => {}
            _ => return None,
        }
    }
    Some(result.to_vec())
}

/// The shape after a movement op; `None` if the argument does not fit.
pub(crate) fn movement(op: Op, arg: &Arg, shape: &[Dim]) -> Option<Vec<Dim>> {
    match (op, arg) {
        (Op::Reshape, Arg::Shape(new)) => (Dim::product(new)? == Dim::product(shape)?).then(|| new.clone()),
        (Op::Expand, Arg::Shape(new)) => {
            let fits = |(old, new): (&Dim, &Dim)| old == new || old.is(1);
            (new.len() == shape.len() && shape.iter().zip(new).all(fits)).then(|| new.clone())
        }
        (Op::Permute, Arg::Axes(axes)) => {
            let mut sorted = axes.clone();
            sorted.sort_unstable();
            sorted.iter().copied().eq(0..shape.len()).then(|| axes.iter().map(|&a| shape[a].clone()).collect())
        }
        (Op::Flip, Arg::Axes(axes)) => axes.iter().all(|&a| a < shape.len()).then(|| shape.to_vec()),
        (Op::Pad, Arg::Pairs(pairs)) => {
            let padded = |(d, (before, after)): (&Dim, &(Dim, Dim))| {
                (before.lower() >= 0 && after.lower() >= 0).then(|| &(d + before) + after)
            };
            (pairs.len() == shape.len()).then(|| shape.iter().zip(pairs).map(padded).collect())?
        }
        (Op::Shrink, Arg::Pairs(pairs)) => {
            let kept = |(d, (begin, end)): (&Dim, &(Dim, Dim))| {
                let inside = begin.lower() >= 0 && (end - begin).lower() >= 0 && (d - end).lower() >= 0;
                inside.then(|| end - begin)
            };
            (pairs.len() == shape.len()).then(|| shape.iter().zip(pairs).map(kept).collect())?
        }
        (Op::View, Arg::View(tracker)) => Some(tracker.shape().to_vec()),
        _ => None,
    }
}
