//! Tensors that a kernel computes once although several of its loops need them: `optimize` holds them in scratch memory,
//! a part for each iteration of the loops around. So attention is one kernel, and its scores are never in memory.

use rustc_hash::{FxHashMap, FxHashSet};

use super::cost;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::Nest;

/// Elements of a part from which it is worth more than a kernel of its own.
const LONG: f64 = 64.0;
/// Most bytes of a part.
const PART: f64 = (16 << 10) as f64;
/// Most bytes of the operands that a part is computed from: they are read again for every few parts.
const OPERANDS: f64 = (4 << 20) as f64;
/// Least number of parts, so that threads can share them and several are computed together.
const PARTS: f64 = 64.0;

/// What a kernel holds.
#[derive(Default)]
pub(super) struct Held<'g> {
    /// The tensors.
    pub tensors: FxHashSet<Uop<'g>>,
    /// Their values in further loops than the one that runs least, which are read and not computed.
    pub read: FxHashSet<Uop<'g>>,
}

impl<'g> Held<'g> {
    /// Those of `evaluated`, tensors with values in `nest`, that have a reduction.
    pub fn of(nest: &Nest<'g>, evaluated: &[(Uop<'g>, Uop<'g>)], has_reduction: impl Fn(Uop<'g>) -> bool) -> Held<'g> {
        let mut values: FxHashMap<Uop<'g>, Vec<Uop<'g>>> = FxHashMap::default();
        for (tensor, value) in evaluated.iter().filter(|(_, value)| value.ranges().len() > 0) {
            let all = values.entry(*tensor).or_default();
            if !all.contains(value) {
                all.push(*value);
            }
        }
        let mut held = Held::default();
        for (tensor, mut values) in values.into_iter().filter(|(t, all)| all.len() > 1 && has_reduction(*t)) {
            values.sort_by(|a, b| cost::runs(nest, *a).total_cmp(&cost::runs(nest, *b)).then(a.cmp(b)));
            if is_held(nest, tensor, &values) {
                held.tensors.insert(tensor);
                held.read.extend(&values[1..]);
            }
        }
        held
    }
}

/// Whether the loops that all of `values` vary with stand around all others, which are those of reductions, and each value
/// has an element of its own.
fn is_held<'g>(nest: &Nest<'g>, tensor: Uop<'g>, values: &[Uop<'g>]) -> bool {
    let outer: Vec<_> = values[0].ranges().filter(|r| values.iter().all(|v| v.depends_on(*r))).collect();
    let Some(deepest) = outer.iter().copied().max_by_key(|r| nest.depth(*r)) else { return false };
    let parts: f64 = outer.iter().map(|r| cost::trips(*r)).product();
    let part = cost::elements(tensor.shape()) / parts;
    let is_combined = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Reduce));
    let is_whole = |value: &Uop<'g>| {
        let inner: Vec<_> = value.ranges().filter(|r| !outer.contains(r)).collect();
        inner.iter().all(is_combined) && inner.into_iter().map(cost::trips).product::<f64>() == part
    };
    nest.path(Some(deepest)).iter().all(|r| outer.contains(r))
        && parts >= PARTS
        && part >= LONG
        && values.iter().all(|value| largest(*value, &outer) * tensor.dtype().bytes() as f64 <= PART)
        && operands(nest, values[0], &outer) <= OPERANDS
        && values.iter().all(is_whole)
}

/// Elements of `value` in one iteration of all loops `outer`, at most: scratch memory is made for the largest size.
fn largest<'g>(value: Uop<'g>, outer: &[Uop<'g>]) -> f64 {
    value.ranges().filter(|r| !outer.contains(r)).map(|r| r.src(0).vmax() as f64).product()
}

/// Bytes that `value` reads in one iteration of all loops `outer`.
fn operands<'g>(nest: &Nest<'g>, value: Uop<'g>, outer: &[Uop<'g>]) -> f64 {
    let loads = value.toposort().into_iter().filter(|n| n.op() == Op::Load);
    let bytes = |load: Uop<'g>| {
        let inner = nest.path(nest.innermost(load)).into_iter().filter(|r| load.depends_on(*r) && !outer.contains(r));
        load.dtype().bytes() as f64 * inner.map(cost::trips).product::<f64>()
    };
    loads.map(bytes).sum()
}
