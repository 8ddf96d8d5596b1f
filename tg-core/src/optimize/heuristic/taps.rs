//! Windows: the steps of a sum along a row of a window are written out, where neighbouring results of a tile need the same
//! elements. An element is then loaded once for all of them: see `lower/taps.rs`.
//!
//! That saves little on a core for itself, whose units for products are busy anyway, but a fifth where another thread
//! shares what the core can decode.

use super::contraction::has_lanes;
use super::tile::is_written_out;
use super::{Plan, is_fresh, is_reduce, reduced};
use crate::ir::Uop;
use crate::loops::{Nest, stride};
use crate::optimize::prefetch::prefetchable;

/// Most steps of a sum that are written out, each for all results of a tile.
pub(super) const TAPS: i64 = 8;
/// Most multiply-adds in the body of a loop.
const BODY: i64 = 256;
/// Fewest results of a tile.
const RESULTS: i64 = 8;
/// Fewest runs of the body: sums that do not fit the registers any more are moved before and after.
const RUNS: i64 = 8;
/// Most elements, for each that is loaded without.
const SHARED: f64 = 0.6;

impl<'g> Plan<'g, '_> {
    /// Writes out the loop `leaf`, if it runs along a row of windows that overlap.
    pub(super) fn write_out_taps(&mut self, leaf: Uop<'g>) {
        let nest = Nest::new(self.kernel);
        if !nest.loops().contains(&leaf) || !is_reduce(leaf) || !is_fresh(&leaf) {
            return;
        }
        let Some(taps) = leaf.src(0).as_int().map(|taps| taps as i64).filter(|taps| (2..=TAPS).contains(taps)) else {
            return;
        };
        let path = nest.path(Some(leaf));
        let tile: Vec<_> = path.iter().copied().filter(is_written_out).collect();
        let results: i64 = tile.iter().map(|r| r.src(0).vmax() as i64).product();
        let is_long = results >= RESULTS && results * taps <= BODY && reduced(&path) >= RUNS * taps;
        let pays = is_long && self.windows(leaf, &tile).is_some_and(|share| share <= SHARED);
        if pays {
            self.unroll(Some(leaf), taps as u32);
        }
    }

    /// How many elements a tile reads in all steps along `leaf`, for each that it reads one by one; `None` where there are no
    /// such windows, shorter than the tile, beside vectors.
    fn windows(&self, leaf: Uop<'g>, tile: &[Uop<'g>]) -> Option<f64> {
        let (vectors, elements) = self.read_in(leaf);
        let &[element] = &elements[..] else { return None };
        let address = element.src(0).src(1);
        let along =
            |r: &Uop<'g>| stride(address, *r).is_some_and(|step| step != 0) && r.src(0).vmax() >= leaf.src(0).vmax();
        let rows = tile.iter().copied().filter(|r| address.depends_on(*r));
        let is_wide = !vectors.is_empty() && rows.clone().any(|r| along(&r));
        is_wide.then(|| shared(address, rows.chain([leaf])))?
    }

    /// What the loop `leaf` loads in vectors, and what one by one.
    pub(super) fn read_in(&self, leaf: Uop<'g>) -> (Vec<Uop<'g>>, Vec<Uop<'g>>) {
        let nest = Nest::new(self.kernel);
        let inside = |l: &Uop<'g>| nest.innermost(*l) == Some(leaf);
        prefetchable(self.kernel).into_iter().filter(inside).partition(|l| has_lanes(*l))
    }
}

/// How many elements there are at `address` for each tuple of iterations of `loops`.
fn shared<'g>(address: Uop<'g>, loops: impl Iterator<Item = Uop<'g>>) -> Option<f64> {
    let mut places = vec![0];
    for range in loops {
        let (step, count) = (stride(address, range)?, range.src(0).as_int()? as i64);
        places = places.iter().flat_map(|place| (0..count).map(move |i| place + i * step)).collect();
    }
    let all = places.len();
    places.sort_unstable();
    places.dedup();
    Some(places.len() as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Axis, Graph};

    #[test]
    fn neighbours_share_what_their_windows_overlap_in() {
        let graph = Graph::new();
        let (result, tap) = (graph.range(graph.index(14), Axis::Unroll), graph.range(graph.index(3), Axis::Reduce));
        for (step, elements) in [(1, 16.0), (2, 29.0), (3, 42.0)] {
            assert_eq!(shared(result * step as i64 + tap, [result, tap].into_iter()), Some(elements / 42.0));
        }
    }
}
