//! Before: a thread stores the pairs of narrow results that the matrix units give it, of which four threads have eight in a
//! row: 16 bytes, half a sector of memory. After: neighbouring threads have exchanged pairs of two such rows that follow each
//! other, and store four results each, 32 bytes in a row.
//!
//! Of the thread `l` of four, which has the columns 2l and 2l + 1 of both rows, those with an even `l` get what the next one
//! has of the first row, the others what the one before has of the second. Not where conditions differ between the rows.

use std::collections::BTreeMap;

use super::wide::parts;
use crate::ir::{Arg, Op, Special, Uop};
use crate::symbolic::Simplifier;

/// Threads that have the results of a row, results of each, and of all.
const THREADS: i64 = 4;
const EACH: i64 = 2;
const ROW: i64 = THREADS * EACH;
/// Bytes of a narrow result.
const NARROW: usize = 2;

/// What stores have in common: the pointer, the condition, and what varies of the place.
type Alike<'g> = (Uop<'g>, Option<Uop<'g>>, Vec<Uop<'g>>);

pub fn exchange<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let is_thread = |n: &Uop<'g>| matches!(n.arg(), Arg::Special(Special::Thread));
    let Some(thread) = kernel.toposort().into_iter().find(is_thread) else { return kernel };
    let column = simplifier.simplify(thread % THREADS);
    let own = simplifier.simplify(column * EACH);
    let mut alike: BTreeMap<Alike<'g>, BTreeMap<i64, Uop<'g>>> = BTreeMap::new();
    for store in kernel.srcs().filter(|store| is_pair(*store)) {
        let (index, (varying, constant)) = (store.src(0), parts(store.src(0).src(1)));
        let valid = index.srcs().nth(2).filter(|valid| !valid.toposort().contains(&column));
        let is_apart = |term: &Uop<'g>| *term == own || !term.toposort().contains(&column);
        if varying.contains(&own) && varying.iter().all(is_apart) && valid.is_some() == (index.arity() > 2) {
            alike.entry((index.src(0), valid, varying)).or_default().insert(constant, store);
        }
    }
    let mut stores: Vec<_> = kernel.srcs().collect();
    for ((pointer, valid, varying), mut pairs) in alike {
        let rest = varying.iter().filter(|term| **term != own).fold(thread.like(0i64), |sum, term| sum + *term);
        while let Some((first, low)) = pairs.pop_first() {
            let place = simplifier.simplify(rest + column / 2i64 * (2 * EACH) + thread % 2i64 * ROW + first);
            let is_aligned = simplifier.simplify(place % (2 * EACH)).as_int() == Some(0);
            let Some(high) = pairs.get(&(first + ROW)).copied().filter(|_| is_aligned) else { continue };
            pairs.remove(&(first + ROW));
            let both = exchanged(low, high, (thread % 2i64).lt(1i64), pointer.element(place, valid));
            stores.retain(|store| *store != low && *store != high);
            stores.push(simplifier.simplify(both));
        }
    }
    kernel.with_srcs(&stores)
}

/// Whether `store` has two narrow floats of a thread, converted from f32 or added up.
fn is_pair(store: Uop) -> bool {
    let value = store.src(1);
    let (dtype, is_computed) = (value.dtype(), matches!(value.op(), Op::Cast | Op::Add | Op::Sub));
    store.arity() == 2 && is_computed && i64::from(dtype.lanes) == EACH && dtype.element().bytes() == NARROW
}

/// The store at `index` of what this thread has then, which is the one before its partner if it `is_even`. What is exchanged
/// is narrow already: two results in a register.
fn exchanged<'g>(low: Uop<'g>, high: Uop<'g>, is_even: Uop<'g>, index: Uop<'g>) -> Uop<'g> {
    let (graph, [first, second]) = (low.graph(), [low.src(1), high.src(1)]);
    let is_even = graph.node(Op::Vectorize, is_even.dtype().vec(EACH as u16), &[is_even; EACH as usize], Arg::None);
    let given = is_even.choose(second, first);
    let got = graph.node(Op::Shuffle, given.dtype(), &[given], Arg::Slot(1));
    let pairs = [is_even.choose(first, got), is_even.choose(got, second)];
    let all: Vec<_> = pairs.iter().flat_map(|pair| (0..EACH as u32).map(|lane| pair.lane(lane))).collect();
    let value = graph.node(Op::Vectorize, first.dtype().element().vec(all.len() as u16), &all, Arg::None);
    graph.node(Op::Store, low.dtype(), &[index, value], low.arg().clone())
}
