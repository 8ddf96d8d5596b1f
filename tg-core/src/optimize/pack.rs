//! Packing: all that a kernel reads of an operand that is constant between calls is copied, in the order in which it
//! will be read, and the copy is made once for many calls.
//!
//! The action is staging outside of all loops, and means the same. [`apart`] then takes such copies out of the kernel:
//! `l[…] = w[…]; for i { … l[i] … }` becomes `for i { … p[i] … }` and a kernel for itself, `p[…] = w[…]`. Who runs them
//! keeps `p` for as long as the operand holds the same; nothing here relies on that it does.

use super::stage::{operand, staged};
use super::tuning::Fingerprint;
use crate::dtype::Space;
use crate::ir::{Arg, Axis, Memo, Op, Uop, rebuild};
use crate::loops::{Nest, canonical_text, substitute};
use crate::symbolic::Simplifier;

/// A copy of a constant operand as a kernel of its own, which reads argument 0 and writes argument 1.
#[derive(Clone, Copy, Debug)]
pub struct Packing<'g> {
    /// Which argument of the kernel that reads the copy is the operand.
    pub of: u32,
    /// The loop nest.
    pub nest: Uop<'g>,
    /// Bytes of the copy.
    pub bytes: usize,
    /// A hash of the loop nest: equal for equal copies of the same operand, whichever kernel reads them.
    pub key: u64,
}

/// Whether `node` is a load of an operand that is constant between calls.
pub(super) fn is_constant(node: Uop) -> bool {
    node.op() == Op::Load && node.src(0).dtype().space == Some(Space::Constant)
}

/// `kernel` with all that `load` reads copied first; `None` if that is not the same in each call, does not move, has no
/// known size, or is read in shares of threads.
pub(super) fn pack<'g>(kernel: Uop<'g>, load: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let value = [operand(kernel, load), load].into_iter().find(|value| operand_of(*value).is_some())?;
    let nest = Nest::new(kernel);
    let mut tile: Vec<_> = value.ranges().collect();
    tile.sort_by_key(|r| (nest.depth(*r), *r));
    let is_usable = |r: &Uop<'g>| !matches!(r.arg(), Arg::Range(_, Axis::Parallel)) && r.src(0).as_int().is_some();
    tile.iter().all(is_usable).then(|| staged(kernel, (load, value), tile, simplifier))?
}

/// The constant operand that is all that `value` depends on.
fn operand_of(value: Uop) -> Option<Uop> {
    let nodes = value.toposort();
    let varies = |n: &Uop| matches!(n.op(), Op::DefineVar | Op::DefineLocal | Op::Special);
    let mut operands = nodes.iter().filter(|n| n.op() == Op::DefineGlobal);
    let operand = *operands.next()?;
    let is_alone = operands.next().is_none() && !nodes.iter().any(varies);
    (is_alone && operand.dtype().space == Some(Space::Constant)).then_some(operand)
}

/// `kernel` without the copies that are the same in each call, which it gets as further arguments instead, and these copies,
/// equal ones once.
pub fn apart<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> (Uop<'g>, Vec<Packing<'g>>) {
    let (graph, nodes) = (kernel.graph(), kernel.toposort());
    let slots = nodes.iter().filter(|n| n.op() == Op::DefineGlobal).filter_map(|n| slot(*n));
    let arguments = slots.max().map_or(0, |last| last + 1);
    let (mut packings, mut pointers): (Vec<Packing>, _) = (vec![], vec![]);
    for copy in nodes {
        let Some(packing) = packing(copy, simplifier) else { continue };
        let known = packings.iter().position(|other| (other.of, other.key) == (packing.of, packing.key));
        let place = known.unwrap_or(packings.len());
        pointers.push((copy, graph.global(copy.dtype().pointee(), arguments + place as u32)));
        packings.extend(Some(packing).filter(|_| known.is_none()));
    }
    (with_pointers(kernel, &pointers), packings)
}

/// What `node` is, if it is a copy that no loop is around, and that is of one constant operand.
fn packing<'g>(node: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Packing<'g>> {
    let is_copy = node.op() == Op::After && node.arity() == 2 && node.src(0).op() == Op::DefineLocal;
    let (local, store) = (is_copy && node.range_ids().is_empty()).then(|| (node.src(0), node.src(1)))?;
    let (operand, graph) = (operand_of(store.src(1))?, node.graph());
    let copy = graph.global(local.dtype().pointee(), 1);
    let nest = with_pointers(store, &[(operand, graph.global_in(operand.dtype(), 0)), (local, copy)]);
    // Loops that are made in their order, and sums in the order of the loops: equal copies are equal texts.
    let loops: Vec<_> = store.srcs().skip(2).collect();
    let nest = simplifier.simplify(graph.sink(&[substitute(nest, &anew(&loops))]));
    let key = Fingerprint::of(&canonical_text(nest)).bits();
    Some(Packing { of: slot(operand)?, nest, bytes: bytes(local)?, key })
}

/// `root` with each pointer on the left of a pair replaced by the one on the right.
fn with_pointers<'g>(root: Uop<'g>, pairs: &[(Uop<'g>, Uop<'g>)]) -> Uop<'g> {
    let mut done = Memo::new(root.graph());
    for (from, to) in pairs {
        done.insert(*from, *to);
    }
    rebuild(root, &mut done, |node| match node.op() {
        Op::Index => {
            let sources: Vec<_> = node.srcs().collect();
            node.graph().node(Op::Index, sources[0].dtype(), &sources, node.arg().clone())
        }
        _ => node,
    })
}

/// Each of `loops` with a new one in its place.
fn anew<'g>(loops: &[Uop<'g>]) -> Vec<(Uop<'g>, Uop<'g>)> {
    let new = |old: &Uop<'g>| match old.arg() {
        Arg::Range(_, axis) => (*old, old.graph().range(old.src(0), *axis)),
        _ => panic!("pack: {old:?} is no range"),
    };
    loops.iter().map(new).collect()
}

fn slot(global: Uop) -> Option<u32> {
    match global.arg() {
        Arg::Slot(slot) => Some(*slot),
        _ => None,
    }
}

fn bytes(local: Uop) -> Option<usize> {
    match local.arg() {
        Arg::Local(_, len, _) => Some(*len as usize * local.dtype().pointee().bytes()),
        _ => None,
    }
}
