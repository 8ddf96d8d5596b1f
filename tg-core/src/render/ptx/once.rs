//! Buffers that a sum goes through once, as far as its loads tell: in one loop, from places that move with that loop, those
//! around it, and the block. The first-level cache has no use for them.
//!
//! Not where results are stored in a loop, or what is loaded stands in none: on an H200, kernels that store as much as they
//! load are slower by a twentieth past that cache.

use rustc_hash::{FxHashMap, FxHashSet};

use super::buffer;
use crate::dtype::Space;
use crate::ir::{Arg, Op, Special, Uop};

/// Where a buffer is loaded from: the innermost loop, and whether places move with all loops and the block.
type Loaded<'g> = (Option<Uop<'g>>, bool);

/// Those that `list` reads once.
pub(super) fn read_once<'g>(list: &[Uop<'g>]) -> FxHashSet<Uop<'g>> {
    let (mut open, mut of_block) = (vec![], FxHashSet::default());
    let mut loaded: FxHashMap<Uop<'g>, Loaded<'g>> = FxHashMap::default();
    for &node in list {
        match node.op() {
            Op::Range => open.push(node),
            Op::Endrange => drop(open.pop()),
            Op::Store if !open.is_empty() && is_result(node) => return FxHashSet::default(),
            _ => {}
        }
        if matches!(node.arg(), Arg::Special(Special::Block)) || node.srcs().any(|s| of_block.contains(&s)) {
            of_block.insert(node);
        }
        if node.op() == Op::Load {
            let place = node.src(0).src(1);
            let moves = of_block.contains(&place) && open.iter().all(|range| place.depends_on(*range));
            let here = (open.last().copied(), moves && !open.is_empty());
            let known = loaded.entry(buffer(node.src(0))).or_insert(here);
            known.1 &= here.1 && known.0 == here.0;
        }
    }
    loaded.into_iter().filter(|(_, (_, moves))| *moves).map(|(buffer, _)| buffer).collect()
}

fn is_result(store: Uop) -> bool {
    store.src(0).dtype().space != Some(Space::Local)
}
