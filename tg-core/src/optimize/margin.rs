//! Margins: a loop over results gets as many iterations as a multiple of a vector, where rows that it reads go on behind
//! their last element, as those of padded copies do. What is read there is used for nothing that is stored.
//!
//! Whole vectors are then read without conditions. It is the only place where a kernel reads elements that it does not need,
//! and the one that needs to know how large buffers are.

use super::pad::pad_where;
use crate::ir::{Op, Uop};
use crate::loops::{is_aligned, stride};
use crate::symbolic::Simplifier;
use crate::target::WIDEST;

/// `kernel`, a sum, with its loops over results so extended. `elements` says how many there are behind a pointer, if that
/// is known.
pub fn with_margins<'g>(
    kernel: Uop<'g>,
    elements: &dyn Fn(Uop<'g>) -> Option<i64>,
    simplifier: &mut Simplifier<'g>,
) -> Uop<'g> {
    let mut kernel = kernel;
    if !kernel.toposort().into_iter().any(|node| node.op() == Op::Reduce) {
        return kernel;
    }
    // What the kernel itself writes is not there yet.
    let written = kernel.src(0).src(0).src(0);
    let elements = |pointer: Uop<'g>| elements(pointer).filter(|_| pointer != written);
    for range in kernel.src(0).srcs().skip(2).collect::<Vec<_>>() {
        if let Some(lanes) = lanes(kernel, range, &elements) {
            let is_there = |index: Uop<'g>| is_there(index, &elements);
            kernel = pad_where(kernel, range, lanes as u32, is_there, simplifier).unwrap_or(kernel);
        }
    }
    kernel
}

/// The elements of the vectors that `range` is extended for.
fn lanes<'g>(kernel: Uop<'g>, range: Uop<'g>, elements: &dyn Fn(Uop<'g>) -> Option<i64>) -> Option<i64> {
    let count = range.src(0).as_int()? as i64;
    let loads = kernel.toposort().into_iter().filter(|node| node.op() == Op::Load && node.depends_on(range));
    let lanes = |load: Uop<'g>| {
        let lanes = (WIDEST / load.dtype().bytes()) as i64;
        let longer = range.like((count + lanes - 1) / lanes * lanes - 1);
        let last = load.src(0).substitute(&[(range, longer)]);
        let is_vector = stride(load.src(0).src(1), range) == Some(1) && is_aligned(load.src(0).src(1), range, lanes);
        (count % lanes != 0 && is_vector && is_there(last, elements)).then_some(lanes)
    };
    loads.into_iter().filter_map(lanes).max()
}

/// Whether all elements that `index` names are in memory.
fn is_there<'g>(index: Uop<'g>, elements: &dyn Fn(Uop<'g>) -> Option<i64>) -> bool {
    let place = index.src(1);
    index.arity() == 2
        && place.vmin() >= 0
        && elements(index.src(0)).is_some_and(|elements| place.vmax() < elements.into())
}
