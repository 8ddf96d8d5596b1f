//! Loops in whole periods: a loop over `r` whose indices need `r / n` and `r % n` becomes two loops over these.
//!
//! The gradient of a strided convolution is such a loop, and so are the channels of a grouped one.

use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::substitute;
use crate::optimize::merge::divisions;
use crate::symbolic::Simplifier;

/// `kernel` with loops split wherever that leaves fewer divisions in its indices.
pub(super) fn split_periods<'g>(mut kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    // Each round leaves fewer divisions.
    while let Some(split) = periods(kernel).into_iter().find_map(|period| split(kernel, period, simplifier)) {
        kernel = split;
    }
    kernel
}

/// Ranges that are divided, each with the divisor.
fn periods<'g>(kernel: Uop<'g>) -> Vec<(Uop<'g>, i64)> {
    let mut periods = vec![];
    for node in kernel.toposort().into_iter().filter(|n| matches!(n.op(), Op::Idiv | Op::Mod) && n.dtype().is_index()) {
        let Some(divisor) = node.src(1).as_int().and_then(|d| i64::try_from(d).ok()) else { continue };
        periods.extend(node.src(0).ranges().map(|range| (range, divisor)));
    }
    periods
}

/// `range` as `outer * period + inner`, if the period divides it and that leaves fewer divisions.
fn split<'g>(kernel: Uop<'g>, (range, period): (Uop<'g>, i64), simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let graph = kernel.graph();
    let size = i64::try_from(range.src(0).as_int()?).ok()?;
    let Arg::Range(_, kind @ (Axis::Loop | Axis::Reduce)) = *range.arg() else { return None };
    if period <= 1 || size % period != 0 || size == period {
        return None;
    }
    let outer = graph.range(graph.index(size / period), kind);
    let both = outer * period + graph.range(graph.index(period), kind);
    let split = simplifier.simplify(substitute(kernel, &[(range, both)]));
    (divisions(split) < divisions(kernel)).then_some(split)
}
