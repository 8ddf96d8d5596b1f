//! Values ahead of a reduction: what a reduction combines is computed first, for all inner loops of a loop around, into
//! scratch memory, and read from there wherever it is needed.
//!
//! Before: `for i { m = max_j f(i, j); s = Σ_j g(f(i, j), m); … }`, where `f` is itself a reduction. After: `for i', j' {
//! l[i', j'] = f(i', j') } for i { m = max_j l[i, j]; s = Σ_j g(l[i, j], m); … }`. Each `f` is then computed once, and the
//! loops over `i'` and `j'` can be tiled like those of a result. If one reduction alone reads it, `l` has its loops outermost:
//! then results beside each other are neighbours.

use super::layout::{Layout, is_shared, scratch};
use super::stage::inside;
use crate::ir::{Arg, Axis, Memo, Op, Uop, rebuild};
use crate::loops::{Nest, instantiate, renamed_as, substitute};
use crate::symbolic::Simplifier;

/// The number of the first RANGE that stands for any loop of its place in [`shape_of`].
const PLACES: u32 = u32::MAX / 2;

/// The reductions of `kernel`, in order: what [`precompute`] can name.
pub(super) fn reductions<'g>(kernel: Uop<'g>) -> Vec<Uop<'g>> {
    kernel.toposort().into_iter().filter(|n| n.op() == Op::Reduce).collect()
}

/// `kernel` with what `reduction` combines computed first in the loop `at`; `None` if it does not vary inside, is in
/// memory anyway, or would be shared by lanes or copies of a loop.
pub(super) fn precompute<'g>(
    kernel: Uop<'g>,
    reduction: Uop<'g>,
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let nest = Nest::new(kernel);
    let value = reduction.src(0);
    let mut loops = inside(&nest, value, at);
    let own = reduction.srcs().skip(1).all(|r| loops.contains(&r));
    let others = elsewhere(kernel, reduction, Some(at), simplifier);
    if others.is_empty() {
        // Results beside each other are neighbours.
        loops.sort_by_key(|r| !reduction.srcs().skip(1).any(|own| own == *r));
    }
    if loops.is_empty() || !own || is_shared(value, &loops) || matches!(value.op(), Op::Load | Op::Const) {
        return None;
    }
    let sizes: Vec<_> = loops.iter().map(|r| r.src(0).vmax()).collect();
    let layout = Layout::of(&sizes, value.dtype().bytes())?;
    let pointer = scratch(kernel, value, layout.elements);
    let copies = renamed_as(kernel.graph(), loops.iter().copied(), |_| Axis::Loop);
    let new = |r: &Uop<'g>| copies.iter().find(|(from, _)| from == r).map_or(*r, |(_, to)| *to);
    let there: Vec<_> = loops.iter().map(new).collect();
    let store = pointer.element(layout.place(&there), None).store(substitute(value, &copies), &there);
    let ready = pointer.after(store);
    let read = |at: &[Uop<'g>]| ready.element(layout.place(at), None).load();
    let mut reads = vec![(value, read(&loops))];
    for (other, from, to) in others {
        let moved: Vec<_> = loops.iter().map(|r| if *r == from { to } else { *r }).collect();
        reads.push((other, read(&moved)));
    }
    Some(simplifier.simplify(kernel.substitute(&reads)))
}

/// Whether another loop computes what `reduction` combines.
pub(super) fn is_repeated<'g>(kernel: Uop<'g>, reduction: Uop<'g>, simplifier: &mut Simplifier<'g>) -> bool {
    !elsewhere(kernel, reduction, None, simplifier).is_empty()
}

/// Values equal to what `reduction` combines, in another loop `to`, inside of `at`, in place of its own loop `from`.
fn elsewhere<'g>(
    kernel: Uop<'g>,
    reduction: Uop<'g>,
    at: Option<Uop<'g>>,
    simplifier: &mut Simplifier<'g>,
) -> Vec<(Uop<'g>, Uop<'g>, Uop<'g>)> {
    let (nest, value) = (Nest::new(kernel), reduction.src(0));
    let mut own = reduction.srcs().skip(1);
    let Some(from) = own.next().filter(|_| own.next().is_none()) else { return vec![] };
    let is_inside = |r: &Uop<'g>| at.is_none_or(|at| nest.path(Some(*r)).contains(&at));
    let is_other = |r: &Uop<'g>| *r != from && r.src(0) == from.src(0) && is_inside(r);
    let others: Vec<_> = nest.loops().into_iter().filter(is_other).collect();
    let nodes = kernel.toposort();
    let mut found = vec![];
    for to in others {
        let like = simplifier.simplify(instantiate(value, from, to));
        let may_be = |n: &Uop<'g>| n.op() == like.op() && n.dtype() == like.dtype() && n.ranges().eq(like.ranges());
        let mut same = nodes.iter().copied().filter(may_be);
        // Which loops they are decides about the order of terms, too.
        let mut shape = |value| simplifier.simplify(shape_of(value));
        let wanted = shape(like);
        found.extend(same.find(|n| shape(*n) == wanted).map(|n| (n, from, to)));
    }
    found
}

/// `value` over stand-ins for the loops of its reductions, so that what differs only in which loops they are is equal.
fn shape_of<'g>(value: Uop<'g>) -> Uop<'g> {
    let mut done = Memo::new(value.graph());
    rebuild(value, &mut done, |node| {
        if node.op() != Op::Reduce {
            return node;
        }
        let is_place = |n: &Uop<'g>| matches!(n.arg(), Arg::Range(number, _) if *number >= PLACES);
        let used = node.src(0).toposort().into_iter().filter(is_place).count() as u32;
        let stand_in = |(i, r): (usize, Uop<'g>)| {
            let Arg::Range(_, axis) = *r.arg() else { return (r, r) };
            let number = PLACES + used + i as u32;
            (r, r.graph().node(Op::Range, r.dtype(), &[r.src(0)], Arg::Range(number, axis)))
        };
        substitute(node, &node.srcs().skip(1).enumerate().map(stand_in).collect::<Vec<_>>())
    })
}
