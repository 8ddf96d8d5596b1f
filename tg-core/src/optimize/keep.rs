//! Keeping values: what a reduction computes for each element, and a later loop over the same elements
//! needs again, is stored in scratch memory on the way and read from there.
//!
//! Before: `s = Σ_r f(r); out[t] = f(t) / s`, which computes each `f` twice. After:
//! `s = Σ_r (l[r] = f(r)); out[t] = l[t] / s`.

use super::layout::{is_shared, scratch};
use crate::ir::{Arg, Axis, Memo, Op, Uop, toposort};
use crate::loops::{Nest, closes, instantiate};
use crate::schedule::operation;
use crate::symbolic::Simplifier;

/// Most bytes kept for one value: a part of the first-level cache.
const MOST_BYTES: i128 = 16 << 10;
/// Operations above which a value is cheaper to store and load than to compute again.
const WORTH: f64 = 8.0;

/// A value that is computed in two loops.
struct Repeated<'g> {
    /// The value in the loop that computes it first.
    value: Uop<'g>,
    /// The loop that needs it again, and the value there.
    again: (Uop<'g>, Uop<'g>),
}

/// `kernel` with the values that the loop `range` computes and a loop beside it, or inside one, computes again kept in scratch
/// memory; `None` if there are none worth it.
pub(super) fn keep<'g>(kernel: Uop<'g>, range: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let mut kept = None;
    let mut kernel = kernel;
    while let Some(found) = most_expensive(kernel, range, simplifier) {
        let (other, again) = found.again;
        let pointer = scratch(kernel, found.value, range.src(0).as_int()?);
        let store = pointer.element(range, None).store(found.value, &[range]);
        let read = pointer.after(store).element(other, None).load();
        kernel = kernel.replace(again, read);
        kept = Some(kernel);
    }
    kept
}

fn most_expensive<'g>(kernel: Uop<'g>, range: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Repeated<'g>> {
    let nest = Nest::new(kernel);
    let size = range.src(0).as_int().filter(|_| matches!(range.arg(), Arg::Range(_, Axis::Reduce)))?;
    let around = nest.path(nest.parent(range));
    let beside = |r: &Uop<'g>| {
        let path = nest.path(Some(*r));
        !around.contains(r) && !path.contains(&range) && path.ends_with(&around)
    };
    let mut others: Vec<_> = nest.loops().into_iter().filter(|r| beside(r) && r.src(0) == range.src(0)).collect();
    if others.is_empty() {
        return None;
    }
    let nodes = kernel.toposort();
    // A loop whose results this one needs runs before it, and cannot read what it keeps.
    let reductions: Vec<_> = nodes.iter().copied().filter(|n| n.op() == Op::Reduce && runs_over(*n, range)).collect();
    let needed = toposort(&reductions);
    others.retain(|other| !needed.iter().any(|n| runs_over(*n, *other)));
    let mut present = Memo::new(kernel.graph());
    for &node in &nodes {
        present.insert(node, ());
    }
    let fits = |n: &Uop<'g>| n.dtype().is_float() && size * n.dtype().bytes() as i128 <= MOST_BYTES;
    let own = |n: &Uop<'g>| nest.innermost(*n) == Some(range) && !is_shared(*n, &[range]);
    let inside = |n: &Uop<'g>| n.op().is_alu() && fits(n) && own(n);
    let mut candidates: Vec<_> = nodes.iter().copied().filter(inside).map(|n| (cost(n, range), n)).collect();
    candidates.retain(|(cost, _)| *cost > WORTH);
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    candidates.into_iter().find_map(|(_, value)| {
        let mut there = others.iter().map(|r| (*r, simplifier.simplify(instantiate(value, range, *r))));
        there.find(|(r, again)| again.depends_on(*r) && present.contains(*again)).map(|again| Repeated { value, again })
    })
}

fn runs_over<'g>(node: Uop<'g>, range: Uop<'g>) -> bool {
    closes(node).is_some_and(|fixed| node.srcs().skip(fixed).any(|r| r == range))
}

/// Operations on data for one `value` in the loop `range`.
fn cost<'g>(value: Uop<'g>, range: Uop<'g>) -> f64 {
    let inside = value.toposort().into_iter().filter(|n| n.depends_on(range));
    inside.filter(|n| n.op().is_alu() && !n.dtype().is_index()).map(|n| operation(n.op())).sum()
}
