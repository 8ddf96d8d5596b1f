//! Before: results are marked, for which memory is to be asked for ahead. After: PREFETCH, in loops of its own.
//!
//! While one iteration of the loop that threads share runs, what the next one reads and stores comes into the second-level
//! cache, or, if that is too much, what the next one of a loop in it does; if it is little, what some iterations ahead need
//! comes into the first-level one. Of each buffer that is a block of memory, which moves on with the loop. The loops inside, over
//! results, share its lines evenly: all at once would be more than memory gives. What lies behind the last block is asked for in
//! vain.

use std::ops::Range;

use super::linearize::Linear;
use super::prefetch::LINE;
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Op, Uop, toposort};
use crate::loops::{Block, are_held, are_near, blocks, bytes};
use crate::symbolic::Simplifier;

/// Most lines that one iteration asks for: more would wait for each other.
const AT_ONCE: i64 = 128;
/// Bytes ahead that are asked for at least: the time that memory takes to answer.
const AHEAD: i64 = 2 << 10;

pub fn lookahead<'g>(linear: Linear<'g>, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let is_marked = |n: &Uop| n.op() == Op::Store && *n.arg() == Arg::Prefetch;
    let is_shared = |n: &Uop| matches!(n.arg(), Arg::Range(_, Axis::Parallel));
    let shared = linear.0.iter().position(is_shared).filter(|_| linear.0.iter().any(is_marked));
    let Some((at, blocks)) = shared.and_then(|shared| paced(&linear.0, shared)) else { return linear };
    let ahead = if are_near(&blocks) { (1, (AHEAD / bytes(&blocks).max(1)).max(1)) } else { (2, 1) };
    blocks.iter().fold(linear, |linear, block| asked(&linear.0, at, (block, ahead), simplifier).unwrap_or(linear))
}

/// Where the loop begins whose iterations ask for what the next go through, and that: the one at `shared`, or the first in it of
/// which a second-level cache holds two iterations.
fn paced<'g>(list: &[Uop<'g>], shared: usize) -> Option<(usize, Vec<Block<'g>>)> {
    let (mut at, mut around) = (shared, vec![]);
    loop {
        let blocks = blocks(&list[body(list, at)], list[at], &around);
        if are_held(&blocks) {
            return Some((at, blocks));
        }
        around.push(list[at]);
        at = busiest(list, body(list, at))?;
    }
}

/// `list` with hints about `block`, which moves on with the loop at `shared`: into that level of caches, for so many iterations
/// ahead; `None` if it has too many lines.
fn asked<'g>(
    list: &[Uop<'g>],
    shared: usize,
    (block, ahead): (&Block<'g>, (u32, i64)),
    simplifier: &mut Simplifier<'g>,
) -> Option<Linear<'g>> {
    let loops = loops(list, shared, lines(block));
    let (&at, ranges) = (loops.last()?, loops.iter().map(|at| list[*at]).collect::<Vec<_>>());
    let count = shared_by(lines(block), &ranges[1..]);
    let (places, hint) = (count <= AT_ONCE).then(|| hint(block, (&ranges, count), ahead, simplifier))?;
    // In the innermost of the loops that it varies with: others there may need it, too.
    let begin = |n: &Uop<'g>| loops.iter().rev().find(|of| n.depends_on(list[**of])).map_or(shared, |of| of + 1);
    let mut new: Vec<_> = places.into_iter().map(|n| (begin(&n), n)).collect();
    new.extend(hint.into_iter().map(|n| (at + 1, n)));
    new.retain(|(begin, n)| !list[..*begin].contains(n));
    let mut asking = vec![];
    for (i, node) in list.iter().enumerate() {
        asking.extend(new.iter().filter(|(begin, _)| *begin == i).map(|(_, n)| *n));
        let is_moved = new.iter().any(|(begin, n)| *begin <= i && n == node);
        asking.extend((!is_moved).then_some(*node));
    }
    Some(Linear(asking))
}

/// Where the instructions in the loop are that begins at `at`.
fn body(list: &[Uop], at: usize) -> Range<usize> {
    let is_end = |n: &Uop| n.op() == Op::Endrange && n.src(0) == list[at];
    at + 1..list.iter().position(is_end).unwrap_or(list.len())
}

fn lines(block: &Block) -> i64 {
    let elements = elements(block.memory);
    (block.count + elements - 1) / elements
}

/// Elements of a line of a cache.
fn elements(memory: Uop) -> i64 {
    (LINE / memory.dtype().pointee().bytes() as i64).max(1)
}

/// How many of `lines` are left for one iteration of all `ranges`.
fn shared_by(lines: i64, ranges: &[Uop]) -> i64 {
    let trips: i64 = ranges.iter().map(|range| size(*range)).product();
    (lines + trips - 1) / trips
}

fn size(range: Uop) -> i64 {
    range.src(0).as_int().unwrap_or(1) as i64
}

/// Where the loops begin that share `lines` lines, from the one at `shared` inwards: each over results, and the one that most is
/// done in.
fn loops(list: &[Uop], shared: usize, lines: i64) -> Vec<usize> {
    let (mut loops, mut trips) = (vec![shared], 1);
    while let Some(inner) = busiest(list, body(list, loops[loops.len() - 1])) {
        let is_over_results =
            matches!(list[inner].arg(), Arg::Range(_, Axis::Loop)) && list[inner].src(0).as_int().is_some();
        trips *= size(list[inner]);
        if !is_over_results || trips > lines {
            break;
        }
        loops.push(inner);
    }
    loops
}

/// Where the loop begins, of those next inside of `body`, in which most is done.
fn busiest(list: &[Uop], body: Range<usize>) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    let mut at = body.start;
    while at < body.end {
        if list[at].op() == Op::Range {
            let inside = self::body(list, at);
            let work = work(&list[at..inside.end]);
            if best.is_none_or(|(most, _)| work > most) {
                best = Some((work, at));
            }
            at = inside.end;
        }
        at += 1;
    }
    best.map(|(_, at)| at)
}

/// How many instructions run in `list`.
fn work(list: &[Uop]) -> f64 {
    let (mut total, mut trips) = (0.0, vec![1.0]);
    for node in list {
        let now: f64 = trips.last().copied().unwrap_or(1.0);
        match node.op() {
            Op::Range => trips.push(now * node.src(0).vmax() as f64),
            Op::Endrange => drop(trips.pop()),
            _ => total += now,
        }
    }
    total
}

/// The instructions by which one iteration of the innermost of `ranges` asks for `count` lines of the next block: what the places of
/// all of them need, and the rest.
fn hint<'g>(
    block: &Block<'g>,
    (ranges, count): (&[Uop<'g>], i64),
    (level, ahead): (u32, i64),
    simplifier: &mut Simplifier<'g>,
) -> (Vec<Uop<'g>>, Vec<Uop<'g>>) {
    let (graph, shared) = (block.memory.graph(), ranges[0]);
    let line = graph.range(graph.index(count), Axis::Loop);
    let turn = ranges[1..].iter().fold(graph.index(0), |turn, range| turn * size(*range) + *range);
    let place = block.begin(shared + ahead) + (turn * count + line) * elements(block.memory);
    let index = block.memory.element(simplifier.simplify(place), None);
    let hint = graph.node(Op::Prefetch, DType::VOID, &[index], Arg::Slot(level));
    let (mut each, places): (Vec<_>, Vec<_>) =
        toposort(&[hint]).into_iter().partition(|n| *n == hint || n.depends_on(line));
    if hint.depends_on(line) {
        each.push(graph.node(Op::Endrange, DType::VOID, &[line], Arg::None));
    }
    (places, each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Graph;
    use crate::ir::spec::{Stage, verify};
    use crate::lower::linearize;
    use crate::symbolic::simplify;

    /// `for i { for j { y[i*rows + j] = Σ_k x[(i*rows + j)*100 + k] } }`, whose results are marked.
    fn sums(g: &Graph, rows: i64) -> Linear<'_> {
        let range = |size, axis| g.range(g.index(size), axis);
        let (i, j, k) = (range(6, Axis::Parallel), range(rows, Axis::Loop), range(100, Axis::Reduce));
        let row = i * rows + j;
        let sum = g.global(DType::F32, 0).element(row * 100 + k, None).load().reduce(Op::Add, &[k]);
        let store = g.global(DType::F32, 1).element(row, None).store(sum, &[i, j]);
        linearize(g.sink(&[store.with_arg(Arg::Prefetch)]))
    }

    /// The elements of `x` that all iterations of `j` for one `i` ask for, at the beginning of lines.
    fn asked_for(list: &Linear, i: i64) -> Vec<i128> {
        let hints = list.0.iter().filter(|n| n.op() == Op::Prefetch);
        let place = hints.map(|n| n.src(0)).find(|at| *at.src(0).arg() == Arg::Slot(0)).unwrap().src(1);
        let inner: Vec<_> = place.ranges().filter(|r| !matches!(r.arg(), Arg::Range(_, Axis::Parallel))).collect();
        let mut places =
            vec![place.substitute(&[(place.ranges().find(|r| !inner.contains(r)).unwrap(), place.like(i))])];
        for range in inner {
            places =
                places.iter().flat_map(|at| (0..size(range)).map(|v| at.substitute(&[(range, at.like(v))]))).collect();
        }
        places.into_iter().filter_map(|at| simplify(at).as_int()).collect()
    }

    #[test]
    fn the_next_block_is_asked_for_line_by_line() {
        for (rows, level) in [(4, 1), (40, 2)] {
            let g = Graph::new();
            let list = lookahead(sums(&g, rows), &mut Simplifier::default());
            assert_eq!(verify(Stage::Linear, &list.0), Ok(()));
            let levels: Vec<_> = list.0.iter().filter(|n| n.op() == Op::Prefetch).map(|n| n.arg().clone()).collect();
            assert_eq!(levels, [Arg::Slot(level), Arg::Slot(level)]);
            let mut places = asked_for(&list, 2);
            places.sort_unstable();
            let block = i128::from(rows * 100);
            assert_eq!(places[0], 3 * block);
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] == 16), "{places:?}");
            assert!(places[places.len() - 1] + 16 >= 4 * block);
        }
    }

    /// Where a block begins is needed after the loop that asks for the next one, too.
    #[test]
    fn places_stand_where_all_that_need_them_see_them() {
        let g = Graph::new();
        let range = |size, axis| g.range(g.index(size), axis);
        let (i, j, k) = (range(6, Axis::Parallel), range(4, Axis::Loop), range(100, Axis::Reduce));
        let load = |at| g.global(DType::F32, 0).element(at, None).load();
        let sum = load(i * 400 + j * 100 + k).reduce(Op::Add, &[k]);
        let store = g.global(DType::F32, 1).element(i * 4 + j, None).store(sum, &[i, j]);
        let copied = range(100, Axis::Loop);
        let place = i * 400 + copied;
        let copy = g.global(DType::F32, 2).element(place, None).store(load(place), &[i, copied]);
        let list = linearize(g.sink(&[store.with_arg(Arg::Prefetch), copy]));
        let asking = lookahead(list.clone(), &mut Simplifier::default());
        assert!(asking.0.iter().any(|n| n.op() == Op::Prefetch));
        assert_eq!(verify(Stage::Linear, &asking.0), Ok(()));
        assert!(list.0.iter().all(|n| asking.0.iter().filter(|other| *other == n).count() == 1));
    }

    #[test]
    fn unmarked_results_ask_for_nothing() {
        let g = Graph::new();
        let list = sums(&g, 4);
        let plain = Linear(list.0.iter().filter(|n| n.op() != Op::Store).copied().collect());
        assert_eq!(lookahead(plain.clone(), &mut Simplifier::default()).0, plain.0);
    }
}
