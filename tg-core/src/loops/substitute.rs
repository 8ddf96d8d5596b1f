//! Replacing a loop counter by an expression of others: the one step behind every schedule action.

use std::collections::BTreeSet;

use crate::ir::{Arg, Axis, Graph, Memo, Op, Uop, rebuild, rebuild_where};

/// `root` with ranges replaced as `pairs` say.
///
/// A STORE or REDUCE over a replaced range runs over the ranges of its replacement: over `o` and `i` for
/// `r → o*4 + i`, over nothing for `r → 3`.
pub fn substitute<'g>(root: Uop<'g>, pairs: &[(Uop<'g>, Uop<'g>)]) -> Uop<'g> {
    let mut done = Memo::new(root.graph());
    for (range, expression) in pairs {
        done.insert(*range, *expression);
    }
    let outer: Vec<_> = pairs.iter().flat_map(|(range, _)| around(*range)).collect();
    rebuild(root, &mut done, |node| close(node, &outer))
}

/// `after`, an AFTER, with each of its stores replaced by those that `change` makes of it.
pub fn each_store<'g>(after: Uop<'g>, change: impl Fn(Uop<'g>) -> Vec<Uop<'g>>) -> Uop<'g> {
    let stores = after.srcs().skip(1).flat_map(change);
    after.with_srcs(&[after.src(0)].into_iter().chain(stores).collect::<Vec<_>>())
}

/// [`substitute`] of one range that `node` varies with or runs over: looks only at what varies with it.
pub fn instantiate<'g>(node: Uop<'g>, range: Uop<'g>, expression: Uop<'g>) -> Uop<'g> {
    let mut done = Memo::new(node.graph());
    done.insert(range, expression);
    let outer: Vec<_> = around(range).collect();
    rebuild_where(node, &mut done, |n| n == node || n.depends_on(range), |node| close(node, &outer))
}

/// The loops that decide how long `range` is: they stand around it, also when it is replaced.
fn around<'g>(range: Uop<'g>) -> impl Iterator<Item = Uop<'g>> {
    range.ranges().filter(move |r| *r != range)
}

/// Where the ranges begin among the sources of a node that runs over some: a STORE or REDUCE.
pub fn closes(node: Uop) -> Option<usize> {
    match node.op() {
        Op::Store => Some(2),
        Op::Reduce => Some(1),
        _ => None,
    }
}

/// A node whose loops are expressions, over the ranges in them instead, but for those of `outer`.
pub fn close<'g>(node: Uop<'g>, outer: &[Uop<'g>]) -> Uop<'g> {
    let Some(fixed) = closes(node) else { return node };
    if node.srcs().skip(fixed).all(|r| r.op() == Op::Range) {
        return node;
    }
    let mut ranges: Vec<Uop> = vec![];
    for e in node.srcs().skip(fixed) {
        let inner = e.ranges().filter(|r| if e.op() == Op::Range { *r == e } else { !outer.contains(r) });
        let new: Vec<_> = inner.filter(|r| !ranges.contains(r)).collect();
        ranges.extend(new);
    }
    if node.op() == Op::Reduce && ranges.is_empty() {
        return node.src(0);
    }
    let src: Vec<_> = node.srcs().take(fixed).chain(ranges).collect();
    node.with_srcs(&src)
}

/// A copy of `node`, a STORE or REDUCE over `range`, in which everything inside that loop runs over loops
/// of its own.
///
/// Two copies of one loop body that stand in different loops cannot share the loops inside.
pub fn separate<'g>(graph: &'g Graph, node: Uop<'g>, range: Uop<'g>) -> Uop<'g> {
    let after = node.srcs().skip_while(|s| *s != range).skip(1);
    let inside = |n: &Uop<'g>| n.depends_on(range);
    let loops = node.toposort().into_iter().filter(inside);
    let loops = loops.flat_map(|n| closes(n).into_iter().flat_map(move |fixed| n.srcs().skip(fixed)));
    let pairs = renamed(graph, after.chain(loops));
    if pairs.is_empty() { node } else { substitute(node, &pairs) }
}

/// For each of `ranges` a new one of the same size and kind. A size that depends on others of them follows theirs.
pub fn renamed<'g>(graph: &'g Graph, ranges: impl Iterator<Item = Uop<'g>>) -> Vec<(Uop<'g>, Uop<'g>)> {
    renamed_as(graph, ranges, |axis| axis)
}

/// [`renamed`], of the kinds that `kind` makes of theirs.
pub fn renamed_as<'g>(
    graph: &'g Graph,
    ranges: impl Iterator<Item = Uop<'g>>,
    kind: impl Fn(Axis) -> Axis,
) -> Vec<(Uop<'g>, Uop<'g>)> {
    let mut pairs = vec![];
    for range in ranges.collect::<BTreeSet<_>>() {
        let Arg::Range(_, axis) = *range.arg() else { panic!("loops: {range:?} is no range") };
        pairs.push((range, graph.range(range.src(0).substitute(&pairs), kind(axis))));
    }
    pairs
}
