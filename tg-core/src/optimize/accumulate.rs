//! Sums in memory: a reduction runs in blocks, each for all results in turn, and what the results have so far is in
//! scratch memory.
//!
//! Before: `for j { s = Σ_k f(j, k); out[j] = g(s) }`, which reads all of `k` for one `j`. After: `for o { for j { l[j] =
//! (o > 0 ? l[j] : 0) + Σ_i f(j, o*b + i) } } for j { out[j] = g(l[j]) }`, which reads a block of `k` for all `j`, in
//! the order of memory where `j` are neighbours, and a block that stays near where it is read often. Of a loop that threads
//! share, sums are kept for a share: each thread has its own `j`.

use super::layout::{Layout, is_shared, scratch};
use super::split::lesser;
use super::stage::{inside, kind};
use crate::ir::{Arg, Axis, Op, Uop, neutral};
use crate::loops::{Nest, instantiate, renamed_as, substitute};
use crate::symbolic::Simplifier;

/// `kernel` with the reduction over `k` in blocks of `by`, outside of the loops in the loop `at` that its results vary
/// with, and of `at` itself where threads share it; `None` if there are none, or `k` may be empty or as short as a block, or
/// belongs to several reductions.
pub(super) fn accumulate<'g>(
    kernel: Uop<'g>,
    (k, by): (Uop<'g>, u32),
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let (graph, size) = (kernel.graph(), k.src(0));
    let reduce = only_reduction(kernel, k)?;
    let Arg::Op(op) = *reduce.arg() else { return None };
    let share = reduce.ranges().filter(|r| *r == at && matches!(r.arg(), Arg::Range(_, Axis::Parallel)));
    let mut results: Vec<_> = share.chain(inside(&Nest::new(kernel), reduce, at)).collect();
    // What vectors hold lies side by side.
    results.sort_by_key(|r| kind(*r));
    let is_counter = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Reduce | Axis::Parallel));
    let is_short = size.vmin() < 1 || size.vmax() <= by as i128 || reduce.dtype().bytes() < 4;
    if is_short || is_shared(reduce, &results) || !results.iter().any(is_counter) {
        return None;
    }
    let sizes: Vec<_> = results.iter().map(|r| r.src(0).vmax()).collect();
    let layout = Layout::of(&sizes, reduce.dtype().bytes())?;
    let pointer = scratch(kernel, reduce, layout.elements);

    let (blocks, block) = blocked(reduce, k, by, simplifier);
    let own_kind = |axis| if axis == Axis::Reduce { Axis::Loop } else { axis };
    let copies = renamed_as(graph, results.iter().copied(), own_kind);
    let own: Vec<_> = results.iter().map(|r| copies.iter().find(|c| c.0 == *r).map_or(*r, |c| c.1)).collect();
    let place = layout.place(&own);
    let address = pointer.element(place, Some(graph.index(0).lt(blocks)));
    let nothing = graph.constant(reduce.dtype(), neutral(op, reduce.dtype())?);
    let so_far = graph.node(Op::Load, reduce.dtype(), &[address, nothing], Arg::None);
    let loops: Vec<_> = [blocks].into_iter().chain(own).collect();
    let store = pointer.element(place, None).store(substitute(block, &copies).alu(op, &[so_far]), &loops);
    let total = pointer.after(store).element(layout.place(&results), None).load();
    Some(simplifier.simplify(kernel.replace(reduce, total)))
}

/// The loop over blocks of `by` of `k`, and what `reduce` gives for one of them.
fn blocked<'g>(reduce: Uop<'g>, k: Uop<'g>, by: u32, simplifier: &mut Simplifier<'g>) -> (Uop<'g>, Uop<'g>) {
    let (graph, size) = (reduce.graph(), k.src(0));
    let blocks = graph.range(simplifier.simplify((size + (by as i64 - 1)) / by as i64), Axis::Serial);
    let start = blocks * by as i64;
    let length = simplifier.simplify(lesser(graph.index(by.into()), size - start));
    let within = if by == 1 { graph.index(0) } else { graph.range(length, Axis::Reduce) };
    let ranges = reduce.srcs().skip(1).map(|r| if r == k { within } else { r });
    let ranges: Vec<_> = ranges.filter(|r| r.op() == Op::Range).collect();
    let Arg::Op(op) = *reduce.arg() else { panic!("accumulate: {reduce:?} is no reduction") };
    (blocks, instantiate(reduce.src(0), k, start + within).reduce(op, &ranges))
}

/// The one reduction that runs over `k`.
pub(super) fn only_reduction<'g>(kernel: Uop<'g>, k: Uop<'g>) -> Option<Uop<'g>> {
    let over = |n: &Uop<'g>| n.op() == Op::Reduce && n.srcs().skip(1).any(|r| r == k);
    let mut found = kernel.toposort().into_iter().filter(over);
    found.next().filter(|_| found.next().is_none() && matches!(k.arg(), Arg::Range(_, Axis::Reduce)))
}
