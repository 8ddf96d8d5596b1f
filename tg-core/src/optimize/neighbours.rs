//! Lists of actions that differ a little from a given one: where a search goes next.

use super::action::{Action, Actions};
use super::pack::is_constant;
use super::prefetch::prefetchable;
use super::stage::loads;
use super::{
    apply,
    heuristic::{is_shared, shared_loop},
};
use crate::ir::Uop;
use crate::loops::Nest;
use crate::symbolic::Simplifier;

/// Blocks to try where there is none yet.
const BLOCKS: [u32; 3] = [16, 64, 256];
/// Copies to try where a loop is not written out yet.
const COPIES: [u32; 2] = [2, 4];

/// Every list that can be applied to `kernel` and differs from `actions` in one size, one loop, the presence or the place of
/// one action. The loop that threads share is chosen anew. The most promising kinds of change come first.
pub fn neighbours<'g>(kernel: Uop<'g>, actions: &Actions, simplifier: &mut Simplifier<'g>) -> Vec<Actions> {
    let base = unshared(actions);
    let mut lists = resized(&base);
    lists.extend(together(&base));
    lists.extend((0..base.len()).map(|at| without(&base, at)));
    lists.extend(elsewhere(&base));
    lists.extend(with_one_more(kernel, &base, simplifier));
    lists.extend((1..base.len()).map(|at| swapped(&base, at)));
    let mut found: Vec<Actions> = vec![];
    for list in lists {
        let shared = shared(kernel, list, simplifier).filter(|list| list != actions && !found.contains(list));
        found.extend(shared);
    }
    found
}

/// `actions` without the last if that shares a loop; one before others decides on what they do.
fn unshared(actions: &Actions) -> Vec<Action> {
    match actions.0.split_last() {
        Some((Action::Parallel { .. }, before)) => before.to_vec(),
        _ => actions.0.clone(),
    }
}

/// `list` with a loop for the threads to share, if all of it can be applied.
fn shared<'g>(kernel: Uop<'g>, list: Vec<Action>, simplifier: &mut Simplifier<'g>) -> Option<Actions> {
    let mut actions = Actions(list);
    let applied = apply(kernel, &actions, simplifier).ok()?;
    let parallel = shared_loop(applied).filter(|_| !is_shared(applied)).map(|axis| Action::Parallel { axis });
    actions.0.extend(parallel.filter(|action| action.apply(applied, simplifier).is_ok()));
    Some(actions)
}

fn size(action: &mut Action) -> Option<&mut u32> {
    match action {
        Action::Tile { size, .. } | Action::Split { size, .. } | Action::Overlap { size, .. } => Some(size),
        Action::Pad { size, .. } | Action::Thread { size, .. } => Some(size),
        Action::Vectorize { lanes, .. } => Some(lanes),
        Action::Unroll { by, .. } => Some(by),
        Action::Accumulate { size, .. } => Some(size),
        Action::Share { depth, .. } | Action::Swizzle { depth, .. } => Some(depth),
        _ => None,
    }
}

fn axis(action: &mut Action) -> Option<&mut usize> {
    match action {
        Action::Tile { axis, .. } | Action::Overlap { axis, .. } | Action::Vectorize { axis, .. } => Some(axis),
        Action::Unroll { axis, .. }
        | Action::Stage { axis, .. }
        | Action::Share { axis, .. }
        | Action::Swizzle { axis, .. }
        | Action::Keep { axis }
        | Action::Trim { axis }
        | Action::Divide { axis }
        | Action::Accumulate { at: axis, .. }
        | Action::Precompute { axis, .. } => Some(axis),
        Action::Split { axis, .. } | Action::Pad { axis, .. } | Action::Grid { axis } | Action::Thread { axis, .. } => {
            Some(axis)
        }
        Action::Parallel { .. } | Action::Border { .. } | Action::Edge { .. } | Action::Pack { .. } => None,
        Action::Matrix { .. }
        | Action::Group { .. }
        | Action::Fuse { .. }
        | Action::Stream {}
        | Action::Lookahead {}
        | Action::Prefetch { .. } => None,
    }
}

/// Sizes near `n`.
fn near(n: u32) -> impl Iterator<Item = u32> {
    [n.saturating_mul(2), n / 2, n + 1, n.saturating_sub(1), n + 2].into_iter().filter(move |m| *m > 0 && *m != n)
}

fn resized(list: &[Action]) -> Vec<Vec<Action>> {
    let mut all = vec![];
    for at in 0..list.len() {
        let mut changed = list.to_vec();
        let Some(n) = size(&mut changed[at]).map(|n| *n) else { continue };
        all.extend(near(n).map(|m| replaced(list, at, |action| size(action).into_iter().for_each(|n| *n = m))));
    }
    all
}

/// Blocks that overlap, together with how much of a block is written out.
fn together(list: &[Action]) -> Vec<Vec<Action>> {
    let mut all = vec![];
    for (at, action) in list.iter().enumerate() {
        let Action::Overlap { size: block, .. } = *action else { continue };
        for (inner, action) in list.iter().enumerate().skip(at) {
            let Action::Unroll { by, .. } = *action else { continue };
            all.extend(near(by).filter(|_| block % by == 0).map(|m| {
                let unrolled = replaced(list, inner, |action| size(action).into_iter().for_each(|n| *n = m));
                replaced(&unrolled, at, |action| size(action).into_iter().for_each(|n| *n = block / by * m))
            }));
        }
    }
    all
}

fn elsewhere(list: &[Action]) -> Vec<Vec<Action>> {
    let mut all = vec![];
    for at in 0..list.len() {
        let moves = [1isize, -1, 2].map(|step| {
            replaced(list, at, |action| {
                axis(action).into_iter().for_each(|axis| *axis = axis.saturating_add_signed(step))
            })
        });
        all.extend(moves);
    }
    all
}

fn replaced(list: &[Action], at: usize, change: impl Fn(&mut Action)) -> Vec<Action> {
    let mut list = list.to_vec();
    change(&mut list[at]);
    list
}

fn without(list: &[Action], at: usize) -> Vec<Action> {
    list.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, action)| *action).collect()
}

fn swapped(list: &[Action], at: usize) -> Vec<Action> {
    let mut list = list.to_vec();
    list.swap(at - 1, at);
    list
}

/// `list` with an action after all others.
fn with_one_more<'g>(kernel: Uop<'g>, list: &[Action], simplifier: &mut Simplifier<'g>) -> Vec<Vec<Action>> {
    let Ok(applied) = apply(kernel, &Actions(list.to_vec()), simplifier) else { return vec![] };
    let (loops, loads) = (Nest::new(applied).loops().len(), loads(applied));
    let packs = (0..loads.len()).filter(|load| is_constant(loads[*load])).map(|load| Action::Pack { load });
    let stages = (0..loops).flat_map(|axis| (0..loads.len()).map(move |load| Action::Stage { axis, load }));
    let tiles = (0..loops).flat_map(|axis| BLOCKS.map(|size| Action::Tile { axis, size }));
    let unrolls = (0..loops).flat_map(|axis| COPIES.map(|by| Action::Unroll { axis, by }));
    let stream = Some(Action::Stream {}).filter(|stream| !list.contains(stream));
    let prefetches = (0..prefetchable(applied).len()).map(|load| Action::Prefetch { load });
    let prefetches = prefetches.filter(|action| !list.contains(action));
    let more = packs.chain(stages).chain(unrolls).chain(tiles).chain(stream).chain(prefetches);
    more.map(|action| [list, &[action]].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::{DType, Space};
    use crate::ir::{Axis, Graph, Op};

    /// Sums of the rows of a matrix in `space`.
    fn sums(graph: &Graph, space: Space) -> Uop<'_> {
        let (i, k) = (graph.range(graph.index(64), Axis::Loop), graph.range(graph.index(100), Axis::Reduce));
        let load = graph.global_in(DType::F32.pointer(space), 0).element(i * 100 + k, None).load();
        let store = graph.global(DType::F32, 1).element(i, None).store(load.reduce(Op::Add, &[k]), &[i]);
        graph.sink(&[store])
    }

    #[test]
    fn neighbours_can_all_be_applied_and_differ() {
        let graph = Graph::new();
        let (kernel, mut simplifier) = (sums(&graph, Space::Global), Simplifier::default());
        let start: Actions = "vectorize(1,8) unroll(1,4) parallel(0)".parse().unwrap();
        let found = neighbours(kernel, &start, &mut simplifier);
        for (i, list) in found.iter().enumerate() {
            assert!(apply(kernel, list, &mut simplifier).is_ok(), "{list}");
            assert!(*list != start && !found[..i].contains(list), "{list}");
        }
        for expected in [
            "vectorize(1,16) unroll(1,4) parallel(0)",
            "vectorize(1,8) unroll(1,5) parallel(0)",
            "vectorize(1,8) parallel(0)",
            "vectorize(1,8) unroll(0,4) parallel(0)",
            "vectorize(1,8) unroll(1,4) stream parallel(0)",
        ] {
            assert!(found.contains(&expected.parse().unwrap()), "{expected}");
        }
    }

    #[test]
    fn only_constant_operands_are_packed() {
        for (space, expected) in [(Space::Global, 0), (Space::Constant, 1)] {
            let graph = Graph::new();
            let found = neighbours(sums(&graph, space), &Actions::default(), &mut Simplifier::default());
            let packed = found.iter().filter(|list| list.0.contains(&Action::Pack { load: 0 }));
            assert_eq!(packed.count(), expected, "{space:?}");
        }
    }
}
