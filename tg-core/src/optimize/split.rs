//! Splitting a loop: `for r in 0..n` becomes `for o in 0..n/b { for i in 0..b { r = o*b + i } }`, and what `b`
//! leaves over of `n` is treated in one of three ways: see [`Tail`].

use crate::ir::{Arg, Axis, Graph, Memo, Op, Uop, rebuild};
use crate::loops::{Nest, close, closes, each_store, instantiate, separate};
use crate::symbolic::Simplifier;

/// What becomes of the iterations that blocks of `b` leave over of `n`.
#[derive(Clone, Copy)]
pub(super) enum Tail {
    /// A loop of their own, after the blocks: `for t in 0..n%b { r = n/b*b + t }`.
    Apart,
    /// Some blocks are shorter: by one, where `n` is known, so that threads get equal shares, else the last one:
    /// `for i in 0..min(b, n - o*b)`.
    Shorter,
    /// The last block begins earlier, so that it ends with the loop: `r = min(o*b, n - b) + i`.
    Overlapping,
}

/// What a split range becomes, once for each copy of what runs over it: in the blocks, and in what is left over.
struct Parts<'g> {
    range: Uop<'g>,
    pieces: Vec<Uop<'g>>,
}

/// `kernel` with `range` in blocks of `by`, whose inside is of the kind `inner`.
pub(super) fn split<'g>(
    kernel: Uop<'g>,
    range: Uop<'g>,
    by: u32,
    (inner, tail): (Axis, Tail),
    simplifier: &mut Simplifier<'g>,
) -> Uop<'g> {
    let parts = Parts { range, pieces: pieces(range, by.into(), inner, tail, simplifier) };
    replace(kernel, &parts, simplifier)
}

/// `kernel` with `range` in blocks of `by`, the last one shorter, and the loop over the blocks outside all others.
pub(super) fn tile<'g>(kernel: Uop<'g>, range: Uop<'g>, by: u32, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let parts = Parts { range, pieces: pieces(range, by.into(), Axis::Loop, Tail::Shorter, simplifier) };
    // The loop over the blocks is made first.
    let blocks = parts.pieces.iter().flat_map(|p| p.ranges()).min();
    let tiled = copied_in_order(replace(kernel, &parts, simplifier), blocks);
    let moved = |store: Uop<'g>| {
        let store = outermost(store, blocks);
        // Stores that share loops would have them in different orders.
        let range = store.srcs().nth(2).filter(|r| Some(*r) == blocks && tiled.arity() > 1);
        range.map_or(store, |range| separate(store.graph(), store, range))
    };
    tiled.with_srcs(&tiled.srcs().map(moved).collect::<Vec<_>>())
}

/// `kernel` with the loop `range` of a sum in blocks of `by`, which divide it, and the loop over the blocks outside all
/// others of the sum: its elements may be added in any order.
pub(super) fn tile_of_sum<'g>(kernel: Uop<'g>, range: Uop<'g>, by: u32, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let parts = Parts { range, pieces: pieces(range, by.into(), Axis::Reduce, Tail::Apart, simplifier) };
    let blocks = parts.pieces.iter().flat_map(|p| p.ranges()).min();
    let mut done = Memo::new(kernel.graph());
    let moved = |node: Uop<'g>| if node.op() == Op::Reduce { outermost(node, blocks) } else { node };
    rebuild(replace(kernel, &parts, simplifier), &mut done, moved)
}

/// `kernel` with `range` before the other loops of copies that run over it.
fn copied_in_order<'g>(kernel: Uop<'g>, range: Option<Uop<'g>>) -> Uop<'g> {
    let is_copy = |store: Uop<'g>| store.src(1).op() == Op::Load;
    let moved = |store: Uop<'g>| vec![if is_copy(store) { outermost(store, range) } else { store }];
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| if node.op() == Op::After { each_store(node, moved) } else { node })
}

/// `node` with `range`, if it runs over it, before its other loops.
fn outermost<'g>(node: Uop<'g>, range: Option<Uop<'g>>) -> Uop<'g> {
    let first = closes(node).unwrap_or(0);
    let mut src: Vec<_> = node.srcs().collect();
    if let Some(at) = src.iter().skip(first).position(|r| Some(*r) == range) {
        let range = src.remove(at + first);
        src.insert(first, range);
        return node.with_srcs(&src);
    }
    node
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

fn pieces<'g>(range: Uop<'g>, by: i64, inner: Axis, tail: Tail, simplifier: &mut Simplifier<'g>) -> Vec<Uop<'g>> {
    let graph = range.graph();
    let Arg::Range(_, kind) = *range.arg() else { panic!("split: {range:?} is no range") };
    let size = range.src(0);
    let mut simplify = |uop| simplifier.simplify(uop);
    let counter = |size: Uop<'g>, kind| if size.as_int() == Some(1) { graph.index(0) } else { graph.range(size, kind) };
    let (count, rest) = (simplify(size / by), simplify(size % by));
    let inside = || if by == 1 { graph.index(0) } else { graph.range(graph.index(by), inner) };
    if rest.as_int() == Some(0) {
        return vec![counter(count, kind) * by + inside()];
    }
    let all = simplify((size + (by - 1)) / by);
    match tail {
        Tail::Apart => {
            // A loop that never runs would have the counter 0, and what is read in it could be read outside of it.
            let blocks = (count.vmax() > 0).then(|| counter(count, kind) * by + inside());
            blocks.into_iter().chain([count * by + graph.range(rest, kind)]).collect()
        }
        Tail::Shorter => {
            let block = counter(all, kind);
            let (start, end) = match (size.as_int(), all.as_int()) {
                (Some(_), Some(_)) => (block * size / all, (block + block.like(1)) * size / all),
                _ => (block * by, size),
            };
            let length = lesser(graph.index(by), end - start);
            vec![simplify(start) + graph.range(simplify(length), inner)]
        }
        Tail::Overlapping => {
            let start = counter(all, kind) * by;
            vec![lesser(start, simplify(size - by)) + inside()]
        }
    }
}

/// `min(a, b) = -max(-a, -b)`.
pub(super) fn lesser<'g>(a: Uop<'g>, b: Uop<'g>) -> Uop<'g> {
    (a * -1).maximum(b * -1) * -1
}

fn split_store<'g>(store: Uop<'g>, parts: &Parts<'g>) -> Vec<Uop<'g>> {
    if !store.srcs().skip(2).any(|r| r == parts.range) {
        return vec![store];
    }
    copies(store, parts).collect()
}

fn split_reduce<'g>(node: Uop<'g>, parts: &Parts<'g>) -> Uop<'g> {
    let Arg::Op(op) = *node.arg() else { return node };
    if !node.srcs().skip(1).any(|r| r == parts.range) {
        return node;
    }
    let combined = copies(node, parts).reduce(|a, b| a.alu(op, &[b]));
    combined.unwrap_or(node)
}

/// `node` over each piece; the loops inside the second are its own.
fn copies<'g>(node: Uop<'g>, parts: &Parts<'g>) -> impl Iterator<Item = Uop<'g>> {
    let graph: &'g Graph = node.graph();
    parts.pieces.iter().enumerate().map(move |(i, piece)| {
        let copy = if i == 0 { node } else { separate(graph, node, parts.range) };
        instantiate(copy, parts.range, *piece)
    })
}

/// Marks `range` as shared among threads; the outermost loops of results that it is not around run with the last share only.
pub(super) fn annotate<'g>(kernel: Uop<'g>, range: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let graph = kernel.graph();
    let nest = Nest::new(kernel);
    let mut done = Memo::new(graph);
    done.insert(range, graph.range(range.src(0), Axis::Parallel));
    for store in kernel.srcs().filter(|store| store.srcs().skip(2).all(|r| r != range)) {
        let first = store.srcs().nth(2).filter(|r| nest.depth(*r) == 0);
        if let Some(first) = first.filter(|r| !done.contains(*r)) {
            done.insert(first, graph.range(first.src(0), Axis::Remainder));
        }
    }
    // Terms of a sum stand in the order of their ranges, which are new.
    simplifier.simplify(rebuild(kernel, &mut done, |node| close(node, &[])))
}
