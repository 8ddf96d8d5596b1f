//! Before: a matrix is loaded from shared memory where it is first used, and copies are begun all at once. After: the
//! factors of each step of a sum are loaded before the products of the step before, which hide how long that takes, and
//! the copies are spread over the steps.

use rustc_hash::FxHashMap;

use crate::ir::{Arg, Op, Uop};
use crate::lower::Linear;

pub fn early<'g>(linear: Linear<'g>) -> Linear<'g> {
    let parts = linear.0.chunk_by(|a, b| !is_bound(*a) && !is_bound(*b));
    Linear(parts.flat_map(reordered).collect())
}

/// What instructions do not move across.
fn is_bound(node: Uop) -> bool {
    let stores = node.op() == Op::Store && !is_copy(&node);
    stores || matches!(node.op(), Op::Range | Op::Endrange | Op::Barrier | Op::Wait | Op::Settle)
}

fn is_copy(node: &Uop) -> bool {
    matches!(node.arg(), Arg::Ahead(_))
}

/// How much earlier than `node` its `source` comes: a factor is loaded before the products of the step before, and rounded
/// after them.
fn lead<'g>(node: Uop<'g>, source: Uop<'g>) -> usize {
    match (node.op(), source.op()) {
        (Op::Wmma, Op::RoundTf32) => 1,
        (Op::Wmma, _) => 3,
        (Op::RoundTf32, _) => 2,
        _ => 0,
    }
}

/// `part` in the order: factors of steps 0 and 1, products of step 0, factors of step 2, products of step 1, …
fn reordered<'g>(part: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let mut times: FxHashMap<Uop<'g>, usize> = FxHashMap::default();
    for &product in part.iter().filter(|n| n.op() == Op::Wmma) {
        let time = times.get(&product.src(2)).map_or(2, |before| before + 2);
        times.insert(product, time);
    }
    let Some(last) = times.values().max().copied() else { return part.to_vec() };
    let copies: Vec<_> = part.iter().copied().filter(is_copy).collect();
    // With the products of a step, which have even times; with the last only if there is no other.
    let steps = (last / 2 - 1).max(1);
    for (at, copy) in copies.iter().enumerate() {
        times.insert(*copy, 2 + at * steps / copies.len() * 2);
    }
    for &node in part.iter().rev().filter(|n| !matches!(n.op(), Op::UpdateAcc)) {
        // What a node waits for comes before it: factors one step ahead of their products.
        let Some(time) = times.get(&node).copied() else { continue };
        let is_product = node.op() == Op::Wmma;
        for source in node.srcs().take(if is_product { 2 } else { usize::MAX }) {
            let needed = time.saturating_sub(lead(node, source));
            let known = times.entry(source).or_insert(needed);
            *known = (*known).min(needed);
        }
    }
    let mut keys: FxHashMap<Uop<'g>, usize> = FxHashMap::default();
    for &node in part {
        // What no product waits for comes as soon as all that it needs itself.
        let last = || node.srcs().filter_map(|s| keys.get(&s)).copied().max().unwrap_or(0);
        // The end of a group comes after all copies of it.
        let end = (node.op() == Op::Commit).then_some(2 * steps + 1);
        let key = end.or(times.get(&node).copied()).unwrap_or_else(last);
        keys.insert(node, key);
    }
    let mut sorted = part.to_vec();
    sorted.sort_by_key(|n| keys[n]);
    sorted
}
