//! Splitting a loop: `for r in 0..n` becomes `for o in 0..n/b { for i in 0..b { r = o*b + i } }` and a
//! remainder `for t in 0..n%b { r = n/b*b + t }`, which is left out where `b` divides `n`.

use crate::ir::{Arg, Axis, Graph, Memo, Op, Uop, rebuild};
use crate::loops::{Nest, close, each_store, instantiate, separate};
use crate::symbolic::Simplifier;

/// What a split range becomes in the blocks, and in the remainder if there is one.
struct Parts<'g> {
    range: Uop<'g>,
    blocks: Uop<'g>,
    rest: Option<Uop<'g>>,
}

/// `kernel` with `range` in blocks of `by`, whose inside is of the kind `inner`.
pub(super) fn split<'g>(
    kernel: Uop<'g>,
    range: Uop<'g>,
    by: u32,
    inner: Axis,
    simplifier: &mut Simplifier<'g>,
) -> Uop<'g> {
    let parts = parts(range, by, inner, simplifier);
    replace(kernel, &parts, simplifier)
}

/// `kernel` with `range` in blocks of `by`, the loop over the blocks outside all others.
pub(super) fn tile<'g>(kernel: Uop<'g>, range: Uop<'g>, by: u32, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let parts = parts(range, by, Axis::Loop, simplifier);
    // The loop over the blocks is made first.
    let blocks = parts.blocks.ranges().min();
    let tiled = replace(kernel, &parts, simplifier);
    let stores: Vec<_> = tiled.srcs().map(|store| outermost(store, blocks)).collect();
    tiled.with_srcs(&stores)
}

/// `store` with `range`, if it runs over it, before its other loops, which are no longer those of other stores.
fn outermost<'g>(store: Uop<'g>, range: Option<Uop<'g>>) -> Uop<'g> {
    let mut src: Vec<_> = store.srcs().collect();
    if let Some(at) = src.iter().skip(2).position(|r| Some(*r) == range) {
        let range = src.remove(at + 2);
        src.insert(2, range);
        return separate(store.graph(), store.with_srcs(&src), range);
    }
    store
}

fn replace<'g>(kernel: Uop<'g>, parts: &Parts<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let stores = kernel.srcs().flat_map(|store| split_store(store, parts));
    let kernel = kernel.with_srcs(&stores.collect::<Vec<_>>());
    let mut done = Memo::new(kernel.graph());
    let kernel = rebuild(kernel, &mut done, |node| match node.op() {
        Op::Reduce => split_reduce(node, parts),
        Op::After => each_store(node, |store| split_store(store, parts)),
        _ => node,
    });
    simplifier.simplify(kernel)
}

fn parts<'g>(range: Uop<'g>, by: u32, inner: Axis, simplifier: &mut Simplifier<'g>) -> Parts<'g> {
    let graph = range.graph();
    let Arg::Range(_, kind) = *range.arg() else { panic!("split: {range:?} is no range") };
    let (size, by) = (range.src(0), by as i64);
    let count = simplifier.simplify(size / by);
    let rest = simplifier.simplify(size % by);
    let outer = graph.range(count, kind);
    let outer = if count.as_int() == Some(1) { graph.index(0) } else { outer };
    let blocks = if by == 1 { outer } else { outer * by + graph.range(graph.index(by), inner) };
    let rest = (rest.as_int() != Some(0)).then(|| count * by + graph.range(rest, kind));
    Parts { range, blocks, rest }
}

fn split_store<'g>(store: Uop<'g>, parts: &Parts<'g>) -> Vec<Uop<'g>> {
    if !store.srcs().skip(2).any(|r| r == parts.range) {
        return vec![store];
    }
    both(store, parts).collect()
}

fn split_reduce<'g>(node: Uop<'g>, parts: &Parts<'g>) -> Uop<'g> {
    let Arg::Op(op) = *node.arg() else { return node };
    if !node.srcs().skip(1).any(|r| r == parts.range) {
        return node;
    }
    let combined = both(node, parts).reduce(|a, b| a.alu(op, &[b]));
    combined.unwrap_or(node)
}

/// `node` over the blocks, then over the remainder; each without what has no iterations.
fn both<'g>(node: Uop<'g>, parts: &Parts<'g>) -> impl Iterator<Item = Uop<'g>> {
    let graph: &'g Graph = node.graph();
    let over = |body: Uop<'g>, r: Uop<'g>| instantiate(body, parts.range, r);
    let empty = parts.blocks.ranges().any(|r| r.src(0).as_int() == Some(0));
    let blocks = (!empty).then(|| over(node, parts.blocks));
    let rest = parts.rest.map(|rest| over(separate(graph, node, parts.range), rest));
    blocks.into_iter().chain(rest)
}

/// Marks `range` as shared among threads; other outermost loops run with the last share only.
pub(super) fn annotate<'g>(kernel: Uop<'g>, range: Uop<'g>) -> Uop<'g> {
    let graph = kernel.graph();
    let nest = Nest::new(kernel);
    let mut done = Memo::new(graph);
    done.insert(range, graph.range(range.src(0), Axis::Parallel));
    for store in kernel.srcs() {
        let first = store.srcs().nth(2).filter(|r| *r != range && nest.depth(*r) == 0);
        if let Some(first) = first.filter(|r| !done.contains(*r)) {
            done.insert(first, graph.range(first.src(0), Axis::Remainder));
        }
    }
    rebuild(kernel, &mut done, close)
}
