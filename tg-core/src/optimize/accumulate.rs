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
use crate::loops::{Nest, instantiate, renamed_as, stride, substitute};
use crate::symbolic::Simplifier;

/// Most elements of a reduction whose results need not be written out.
const SHORT: i128 = 16;

/// `kernel` with the reduction over `k` in blocks of `by`, outside of the loops in the loop `at` that its results vary
/// with, and of `at` itself where threads share it; `None` if there are none, or `k` may be empty or shorter than a block, or
/// belongs to several reductions. What is written out of the results is inside of all loops.
///
/// If `by` is all of `k`, sums of one iteration of `at` are not added up but kept, and what is done to them is a loop.
pub(super) fn accumulate<'g>(
    kernel: Uop<'g>,
    (k, by): (Uop<'g>, u32),
    at: Uop<'g>,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let size = k.src(0);
    let reduce = only_reduction(kernel, k)?;
    let Arg::Op(op) = *reduce.arg() else { return None };
    let results = results(kernel, reduce, at);
    let is_counter = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Reduce | Axis::Parallel));
    let is_whole = size.as_int() == Some(by.into());
    let is_short = size.vmin() < 1 || size.vmax() <= by as i128 && !is_whole || reduce.dtype().bytes() < 4;
    let moves = results.iter().any(|r| is_whole || is_counter(r));
    if is_short || is_shared(reduce, &results) || !moves {
        return None;
    }
    let sizes: Vec<_> = results.iter().map(|r| r.src(0).vmax()).collect();
    let layout = Layout::of(&sizes, reduce.dtype().bytes())?;
    let pointer = scratch(kernel, reduce, layout.elements);

    let own_kind = |axis| if axis == Axis::Reduce { Axis::Loop } else { axis };
    let copies = renamed_as(kernel.graph(), results.iter().copied(), own_kind);
    let own: Vec<_> = results.iter().map(|r| copies.iter().find(|c| c.0 == *r).map_or(*r, |c| c.1)).collect();
    let place = pointer.element(layout.place(&own), None);
    let store = if is_whole {
        place.store(substitute(reduce, &copies), &own)
    } else {
        let (blocks, block) = blocked(reduce, k, by, simplifier);
        let loops: Vec<_> = [blocks].into_iter().chain(own).collect();
        place.store(added(op, place, blocks, substitute(block, &copies))?, &loops)
    };
    let total = pointer.after(store).element(layout.place(&results), None).load();
    let stored = kernel.replace(reduce, total);
    let is_kept = |r: &Uop<'g>| is_whole && is_near(stored, *r, &results) || is_needed(stored, *r, at);
    let written_out = results.iter().copied().filter(|r| kind(*r) == 1);
    let loops: Vec<_> = written_out.filter(|r| !is_kept(r)).collect();
    Some(simplifier.simplify(rolled(stored, &loops)))
}

/// The loops of the results of `reduce` in one iteration of `at`, or a share of it. What vectors hold lies side by side.
fn results<'g>(kernel: Uop<'g>, reduce: Uop<'g>, at: Uop<'g>) -> Vec<Uop<'g>> {
    let inside = inside(&Nest::new(kernel), reduce, at);
    let is_share = |r: &Uop<'g>| *r == at && matches!(r.arg(), Arg::Range(_, Axis::Parallel));
    let is_one = |r: &Uop<'g>| is_share(r) || inside.contains(r) || kind(*r) > 0;
    let mut results: Vec<_> = reduce.ranges().filter(is_one).collect();
    results.sort_by_key(|r| (kind(*r), !is_share(r), inside.iter().position(|other| other == r)));
    results
}

/// `block`, combined with what is at `place` after the first of the `blocks`.
fn added<'g>(op: Op, place: Uop<'g>, blocks: Uop<'g>, block: Uop<'g>) -> Option<Uop<'g>> {
    let (graph, dtype) = (block.graph(), block.dtype());
    let address = place.src(0).element(place.src(1), Some(graph.index(0).lt(blocks)));
    let nothing = graph.constant(dtype, neutral(op, dtype)?);
    Some(block.alu(op, &[graph.node(Op::Load, dtype, &[address, nothing], Arg::None)]))
}

/// Whether what `kernel` stores as `range` advances is near: vectors that follow each other, or neighbours of which each lane has
/// some, which are put in order together.
fn is_near<'g>(kernel: Uop<'g>, range: Uop<'g>, results: &[Uop<'g>]) -> bool {
    let lanes = results.iter().filter(|r| kind(**r) == 2).map(|r| r.src(0).vmax()).product();
    let step = |store: Uop<'g>| stride(store.src(0).src(1), range).map_or(0, i128::from);
    kernel.srcs().any(|store| [1, lanes].contains(&step(store)))
}

/// Whether a reduction needs `range` written out, too.
fn is_needed<'g>(kernel: Uop<'g>, range: Uop<'g>, at: Uop<'g>) -> bool {
    let needs = |n: &Uop<'g>| n.op() == Op::Reduce && n.depends_on(range) && !is_short(*n, at);
    kernel.toposort().iter().any(needs)
}

/// `kernel` with loops in place of `written_out`, inside of all others: what is left to do is to store what was added up.
fn rolled<'g>(kernel: Uop<'g>, written_out: &[Uop<'g>]) -> Uop<'g> {
    let loops = renamed_as(kernel.graph(), written_out.iter().copied(), |_| Axis::Loop);
    let is_new = |r: Uop<'g>| loops.iter().any(|(_, new)| *new == r);
    let moved = |store: Uop<'g>| {
        let mut src: Vec<_> = store.srcs().collect();
        src[2..].sort_by_key(|r| if is_new(*r) { 1 } else { 2 * kind(*r) });
        store.with_srcs(&src)
    };
    let kernel = substitute(kernel, &loops);
    kernel.with_srcs(&kernel.srcs().map(moved).collect::<Vec<_>>())
}

/// Whether `reduce` combines few elements in one iteration of `at`.
fn is_short<'g>(reduce: Uop<'g>, at: Uop<'g>) -> bool {
    let elements = reduce.srcs().skip(1).map(|r| r.src(0).vmax()).fold(1, i128::saturating_mul);
    elements <= SHORT && reduce.depends_on(at)
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
