//! Before: steps that are written out load elements that lie next to each other one by one. After: as many at a time as an
//! access can have and as are aligned.
//!
//! What a loop over vectors loads is wide already; this is for loops that are no vectors, as the steps of a sum whose
//! factors lie along it.

use std::collections::BTreeMap;

use crate::ir::{Arg, Memo, Op, Uop, rebuild};
use crate::loops::terms;
use crate::symbolic::Simplifier;
use crate::target::WIDEST;

/// What neighbours have in common: the pointer, and what varies of the place.
type Alike<'g> = (Uop<'g>, Vec<Uop<'g>>);

pub fn wide<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let nodes = kernel.toposort();
    let mut alike: BTreeMap<Alike<'g>, BTreeMap<i64, Uop<'g>>> = BTreeMap::new();
    for &load in nodes.iter().filter(|n| is_single(**n)) {
        let (varying, constant) = parts(load.src(0).src(1));
        alike.entry((load.src(0).src(0), varying)).or_default().insert(constant, load);
    }
    let mut pieces = Memo::new(kernel.graph());
    for ((_, varying), loads) in alike.iter().filter(|(_, loads)| loads.len() > 1) {
        let most = WIDEST / loads.values().next().map_or(WIDEST, |load| load.dtype().bytes());
        let mut widths = std::iter::successors(Some(most as i64), |width| Some(width / 2));
        let divides = |width: &i64| varying.iter().all(|t| simplifier.simplify(*t % *width).as_int() == Some(0));
        split(loads, widths.find(divides).unwrap_or(1), &mut pieces);
    }
    let mut done = Memo::new(kernel.graph());
    for load in nodes {
        let Some(Piece { first, width, lane }) = pieces.get(load) else { continue };
        let index = rebuild(first.src(0), &mut done, |n| n);
        let all = load.graph().node(Op::Load, load.dtype().vec(*width as u16), &[index], Arg::None);
        done.insert(load, all.lane(*lane));
    }
    rebuild(kernel, &mut done, |n| n)
}

/// Where a load is in a wide one.
struct Piece<'g> {
    /// The load of the first element, and how many there are.
    first: Uop<'g>,
    width: i64,
    lane: u32,
}

/// Whether `node` loads one element, whatever holds.
fn is_single(node: Uop) -> bool {
    node.op() == Op::Load && node.dtype().lanes == 1 && !node.dtype().is_bool() && node.src(0).arity() == 2
}

/// The terms of a place that vary, in order, and its constant.
pub(super) fn parts(place: Uop) -> (Vec<Uop>, i64) {
    let (constants, mut varying): (Vec<_>, Vec<_>) = terms(place).into_iter().partition(|t| t.as_int().is_some());
    varying.sort_unstable();
    (varying, constants.iter().filter_map(|c| c.as_int()).sum::<i128>() as i64)
}

/// Puts those of `loads`, by the constants of their places, together that lie in one piece of `most` elements, or of half as
/// many.
fn split<'g>(loads: &BTreeMap<i64, Uop<'g>>, most: i64, pieces: &mut Memo<'g, Piece<'g>>) {
    for width in std::iter::successors(Some(most), |width| Some(width / 2)).take_while(|width| *width > 1) {
        for (&at, &first) in loads.iter().filter(|(at, _)| *at % width == 0) {
            let piece: Vec<_> = (at..at + width).filter_map(|at| loads.get(&at).copied()).collect();
            if piece.len() as i64 == width && pieces.get(first).is_none() {
                for (lane, load) in (0..).zip(piece) {
                    pieces.insert(load, Piece { first, width, lane });
                }
            }
        }
    }
}
