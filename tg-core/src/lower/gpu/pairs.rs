//! Before: matrices may be loaded two at a time. After: four at a time, where there are two such loads whose addresses
//! are a constant apart: the threads that would give the same addresses again give those of the other load.

use std::collections::BTreeMap;

use super::matrix::loaded;
use super::wide::parts;
use crate::ir::{Arg, Memo, Op, Special, Uop, rebuild};
use crate::symbolic::Simplifier;

/// Threads that give the addresses of two matrices.
const GIVERS: i64 = 16;

/// What two loads have in common: the other factor, the pointer, and what varies of the place.
type Alike<'g> = (Option<Uop<'g>>, Uop<'g>, Vec<Uop<'g>>);

pub fn pairs<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let nodes = kernel.toposort();
    let is_thread = |n: &&Uop<'g>| matches!(n.arg(), Arg::Special(Special::Thread));
    let Some(&thread) = nodes.iter().find(is_thread) else { return kernel };
    // Those that are multiplied by one factor are needed at one time.
    let factor = |load| nodes.iter().find(|n| n.op() == Op::Wmma && loaded(n.src(1)) == load).map(|n| n.src(0));
    let mut alike: BTreeMap<Alike<'g>, Vec<(i64, Uop<'g>)>> = BTreeMap::new();
    for &load in nodes.iter().filter(|n| n.op() == Op::LoadMatrix) {
        if let (Arg::Matrices(2, _), 2) = (load.arg(), load.src(0).arity()) {
            let (varying, constant) = parts(load.src(0).src(1));
            alike.entry((factor(load), load.src(0).src(0), varying)).or_default().push((constant, load));
        }
    }
    let mut done = Memo::new(kernel.graph());
    for loads in alike.values_mut() {
        loads.sort_unstable();
        for pair in loads.chunks_exact(2) {
            let [(low, first), (high, second)] = *pair else { continue };
            let four = four(first, thread / GIVERS % 2i64 * (high - low), simplifier);
            done.insert(first, half(four, 0));
            done.insert(second, half(four, 1));
        }
    }
    rebuild(kernel, &mut done, |n| n)
}

/// Two matrices from where `load` has its own, and two from as far as `apart` from there.
fn four<'g>(load: Uop<'g>, apart: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let Arg::Matrices(count, by_columns) = *load.arg() else { return load };
    let index = load.src(0);
    let address = index.src(0).element(simplifier.simplify(index.src(1) + apart), None);
    let dtype = load.dtype().element().vec(2 * load.dtype().lanes);
    load.graph().node(Op::LoadMatrix, dtype, &[address], Arg::Matrices(2 * count, by_columns))
}

/// The first or second half of what four matrices give.
fn half(four: Uop<'_>, which: u32) -> Uop<'_> {
    let count = u32::from(four.dtype().lanes) / 2;
    let lanes: Vec<_> = (0..count).map(|lane| four.lane(which * count + lane)).collect();
    four.graph().node(Op::Vectorize, four.dtype().element().vec(count as u16), &lanes, Arg::None)
}
