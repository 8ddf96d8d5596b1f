//! Copies that exchange axes: what lies side by side in the result lies apart in what it is computed from, and the other way
//! round.
//!
//! A thread stores vectors of neighbours, which it loads one by one. Of the threads of a warp some store side by side and
//! some load side by side, so that both use all bytes of the sectors of memory that they touch.

use super::{BLOCK_BITS, Plan};
use crate::ir::{Op, Uop};
use crate::loops::{is_aligned, stride};
use crate::optimize::action::Action;
use crate::optimize::heuristic::is_fresh;
use crate::target::WIDEST;

/// log₂ of the threads that store vectors side by side, and of those that load neighbours: a sector of memory each.
const VECTOR_BITS: u32 = 1;
const ALONG_BITS: u32 = 4;

impl<'g> Plan<'g, '_> {
    /// Threads for a kernel that exchanges axes, if it is one.
    pub(super) fn exchange(&mut self) -> bool {
        let Some((stored, loaded)) = self.exchanged() else { return false };
        let Some(axis) = self.place(stored) else { return false };
        let Some(vectors) = self.act(Action::Vectorize { axis, lanes: self.lanes_of_result(stored) }) else {
            return false;
        };
        let mut bit = 0;
        for (range, bits) in
            vectors.first().map(|vectors| (*vectors, VECTOR_BITS)).into_iter().chain([(loaded, ALONG_BITS)])
        {
            bit += self.over_threads(range, bit, bit + bits);
        }
        for range in self.result_loops().into_iter().rev().filter(is_fresh).collect::<Vec<_>>() {
            if bit < BLOCK_BITS {
                bit += self.over_threads(range, bit, BLOCK_BITS);
            }
        }
        true
    }

    /// How many neighbours along `range` an access can store.
    fn lanes_of_result(&self, range: Uop<'g>) -> u32 {
        let index = self.kernel.src(0).src(0);
        let most = WIDEST / index.dtype().pointee().bytes();
        let fits = |lanes: &i64| self.divides(range, *lanes) && is_aligned(index.src(1), range, *lanes);
        let mut halves = std::iter::successors(Some(most as i64), |lanes| Some(lanes / 2)).take_while(|n| *n > 1);
        halves.find(fits).unwrap_or(1) as u32
    }

    /// The loops along which results are neighbours, and along which most of what is loaded is: two different ones.
    fn exchanged(&self) -> Option<(Uop<'g>, Uop<'g>)> {
        let loops = self.result_loops();
        let place = self.kernel.src(0).src(0).src(1);
        let stored = loops.iter().copied().find(|range| stride(place, *range) == Some(1))?;
        let is_load = |n: &Uop<'g>| n.op() == Op::Load && n.depends_on(stored);
        let loads: Vec<_> = self.kernel.toposort().into_iter().filter(is_load).collect();
        let along = |range: &Uop<'g>| {
            let moved = |load: &&Uop<'g>| stride(load.src(0).src(1), *range) == Some(1);
            let elements = loads.iter().filter(moved).map(|load| self.elements(*load));
            elements.fold(0, i64::saturating_add)
        };
        let loaded = loops.iter().copied().max_by_key(|range| (along(range), *range))?;
        (loaded != stored && along(&loaded) > 2 * along(&stored)).then_some((stored, loaded))
    }
}
