//! The loops of a product: how loops over results run as one, where one alone would leave its tiles empty, and how a sum
//! over several loops goes into tiles of some steps.
//!
//! A convolution sums over channels and over the taps of its windows. A tile has all taps of some channels, or, where
//! channels are neighbours in memory, many channels of one tap: the loops along which elements are nearest to each other
//! come first. What is left of the loops is around tiles, as one loop. Tiles in shared memory have their steps side by side,
//! whichever loops they are of.

use super::{Plan, size};
use crate::ir::{Op, Uop};
use crate::loops::stride;
use crate::optimize::action::Action;

/// Rows or columns that should divide the loop over them.
const TILE: i64 = 128;
/// A loop is padded, or a tile left empty, by one part in as many.
const SPARE_OF_SUM: i64 = 4;
const SPARE_OF_RESULTS: i64 = 8;

/// A loop of a sum with as many iterations as it gets, of which a tile has `block`.
pub(super) struct Part<'g> {
    range: Uop<'g>,
    size: i64,
    block: i64,
}

/// How a sum goes into tiles.
pub(super) enum Steps<'g> {
    /// Its loops run as one, in blocks.
    One(Vec<Uop<'g>>, u32),
    /// Each loop has blocks of its own, those of the nearest elements first.
    Several(Vec<Part<'g>>),
}

impl<'g> Steps<'g> {
    /// Those of the sum over `loops`, in tiles of about `wanted` steps, a multiple of `unit`.
    pub(super) fn of(factors: Uop<'g>, loops: &[Uop<'g>], wanted: u32, unit: u32) -> Steps<'g> {
        let several = || parts(&nearest_first(factors, loops), wanted.into(), unit.into());
        let several = (loops.len() > 1).then(several).flatten();
        // No more steps than there are, up to a whole unit.
        let all = loops.iter().map(|range| size(*range)).fold(1, i64::saturating_mul).min(wanted.into()) as u32;
        let one = || Steps::One(loops.to_vec(), if loops.len() > 1 { all.next_multiple_of(unit) } else { wanted });
        several.map_or_else(one, Steps::Several)
    }

    /// The steps of a tile.
    pub(super) fn count(&self) -> u32 {
        match self {
            Steps::One(_, count) => *count,
            Steps::Several(parts) => parts.iter().map(|part| part.block as u32).product(),
        }
    }
}

/// `loops` in the order of how near the elements are that `factors` load along them.
fn nearest_first<'g>(factors: Uop<'g>, loops: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let loads: Vec<_> = factors.toposort().into_iter().filter(|n| n.op() == Op::Load).collect();
    let step = |range: Uop<'g>| {
        let moving = loads.iter().filter(|load| load.depends_on(range));
        moving.map(|load| stride(load.src(0).src(1), range).map_or(i64::MAX, i64::abs)).min()
    };
    let mut loops: Vec<_> = loops.iter().rev().copied().collect();
    loops.sort_by_key(|range| step(*range));
    loops
}

/// The parts of `loops` in a tile of about `wanted` steps; `None` if no such tile has a multiple of `unit`.
fn parts<'g>(loops: &[Uop<'g>], wanted: i64, unit: i64) -> Option<Vec<Part<'g>>> {
    let (most, far_too_many) = (wanted * 9 / 8, wanted * 9 / 4);
    let (mut count, mut parts): (i64, Vec<Part>) = (1, vec![]);
    for (at, &range) in loops.iter().enumerate() {
        let size = range.src(0).as_int().and_then(|n| i64::try_from(n).ok())?;
        // Some iterations have to be left for the loop around.
        let is_rest = at + 1 == loops.len() && parts.iter().all(|part| part.block == part.size);
        let is_done = parts.iter().any(|part| 1 < part.block && part.block < part.size);
        let of_unit = (1..=unit).find(|by| count * by % unit == 0)?;
        let (padded, part) = match is_done {
            true => (size, 1),
            false => block(size, of_unit, [most / count, far_too_many / count], is_rest),
        };
        // What a tile has once other loops have made it a multiple of the unit.
        let at_least = |count: i64| (1..=unit).map(|by| count * by).find(|all| all % unit == 0).unwrap_or(count);
        let is_poor = 2 * at_least(count * part) < wanted && at_least(count * size) <= far_too_many;
        let is_whole = !is_rest && !is_done && (at_least(count * size) <= most || is_poor);
        let (size, block) = if is_whole { (size, size) } else { (padded, part) };
        count *= block;
        parts.push(Part { range, size, block });
    }
    (count % unit == 0).then_some(parts)
}

/// The iterations of a loop of `size`, perhaps some more, and how many of them are in a tile: a multiple of `unit`, `most`
/// at most if that is possible; one iteration if not even `far_too_many` are.
fn block(size: i64, unit: i64, [most, far_too_many]: [i64; 2], is_rest: bool) -> (i64, i64) {
    let padded = (size + unit - 1) / unit * unit;
    let doubled = std::iter::successors(Some(unit), |block| Some(2 * block));
    let largest = if is_rest { padded - 1 } else { padded };
    let fitting = doubled.take_while(|block| *block <= most.max(unit).min(largest));
    let block = fitting.filter(|block| padded % block == 0).last().unwrap_or(1);
    let is_worth = block > 1 && unit <= far_too_many && (padded - size) * SPARE_OF_SUM <= size;
    if is_worth { (padded, block) } else { (size, 1) }
}

/// The innermost of `loops` that run as one: as many as it takes until tiles divide the one loop, or fill it nearly.
pub(super) fn united(mut loops: Vec<Uop<'_>>) -> Vec<Uop<'_>> {
    let known = loops.iter().rev().take_while(|range| range.src(0).as_int().is_some()).count();
    let most = (known + 1).min(loops.len());
    let elements = |count: usize| loops.iter().rev().take(count).map(|r| size(*r)).fold(1, i64::saturating_mul);
    let spare = |count: &usize| (TILE - elements(*count) % TILE) % TILE;
    let divides = |count: &usize| spare(count) == 0;
    let nearly = |count: &usize| spare(count) <= elements(*count) / SPARE_OF_RESULTS;
    let count = (1..=most).find(divides).or((1..=most).find(nearly)).unwrap_or(most);
    loops.split_off(loops.len() - count)
}

impl<'g> Plan<'g, '_> {
    /// Puts a sum into tiles; returns the loop around them, if there are several, and those inside, outer before inner.
    pub(super) fn in_tiles(&mut self, steps: &Steps<'g>) -> Option<(Option<Uop<'g>>, Vec<Uop<'g>>)> {
        match steps {
            Steps::One(loops, count) => {
                let all = self.fused(loops)?;
                let all = self.padded(all, *count)?;
                let (around, inside) = self.in_blocks(all, *count)?;
                Some((around, vec![inside]))
            }
            Steps::Several(parts) => self.in_parts(parts),
        }
    }

    fn in_parts(&mut self, parts: &[Part<'g>]) -> Option<(Option<Uop<'g>>, Vec<Uop<'g>>)> {
        let (mut around, mut inside) = (vec![], vec![]);
        for part in parts {
            let range = self.padded(part.range, part.size as u32)?;
            if part.block == part.size {
                inside.push(range);
                continue;
            }
            let new = self.act(Action::Tile { axis: self.place(range)?, size: part.block as u32 })?;
            around.extend(new.first());
            inside.extend(new.get(1));
        }
        around.reverse();
        inside.reverse();
        Some((Some(self.fused(&around)?), inside))
    }

    /// `loops`, outer before inner, as one.
    pub(super) fn fused(&mut self, loops: &[Uop<'g>]) -> Option<Uop<'g>> {
        let (&last, others) = loops.split_last()?;
        others.iter().rev().try_fold(last, |inner, outer| self.fused_pair(*outer, inner))
    }

    fn fused_pair(&mut self, outer: Uop<'g>, inner: Uop<'g>) -> Option<Uop<'g>> {
        let (outer, inner) = (self.place(outer)?, self.place(inner)?);
        self.act(Action::Fuse { outer, inner })?.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Axis, Graph};

    /// The iterations of each loop, padded, and in a tile.
    fn blocks(sizes: &[i64], wanted: i64, unit: i64) -> Option<Vec<(i64, i64)>> {
        let graph = Graph::new();
        let loops: Vec<_> = sizes.iter().map(|n| graph.range(graph.index(*n), Axis::Reduce)).collect();
        parts(&loops, wanted, unit).map(|parts| parts.iter().map(|part| (part.size, part.block)).collect())
    }

    #[test]
    fn tiles_have_the_nearest_steps_and_leave_a_loop_around() {
        // Taps before channels.
        assert_eq!(blocks(&[3, 3, 64], 32, 1), Some(vec![(3, 3), (3, 3), (64, 4)]));
        assert_eq!(blocks(&[3, 3, 64], 32, 8), Some(vec![(3, 3), (3, 1), (64, 8)]));
        assert_eq!(blocks(&[5, 5, 64], 32, 1), Some(vec![(5, 5), (5, 5), (64, 1)]));
        assert_eq!(blocks(&[7, 7, 3], 32, 1), Some(vec![(7, 7), (7, 7), (3, 1)]));
        assert_eq!(blocks(&[11, 11, 3], 32, 1), Some(vec![(11, 11), (11, 1), (3, 3)]));
        assert_eq!(blocks(&[3, 3, 4], 32, 1), Some(vec![(3, 3), (3, 3), (4, 2)]));
        // Channels before taps.
        assert_eq!(blocks(&[64, 3, 3], 64, 16), Some(vec![(64, 64), (3, 1), (3, 1)]));
        assert_eq!(blocks(&[256, 3, 3], 64, 16), Some(vec![(256, 64), (3, 1), (3, 1)]));
        assert_eq!(blocks(&[16, 3, 3], 64, 16), Some(vec![(16, 16), (3, 3), (3, 1)]));
        // Few channels, and taps that are padded to what the units take.
        assert_eq!(blocks(&[4, 7, 7], 64, 16), Some(vec![(4, 4), (8, 8), (7, 1)]));
        assert_eq!(blocks(&[7, 7, 3], 32, 8), Some(vec![(7, 7), (8, 8), (3, 1)]));
        assert_eq!(blocks(&[7, 7, 3], 64, 16), None);
    }

    #[test]
    fn loops_are_united_until_tiles_are_full() {
        let graph = Graph::new();
        let count =
            |sizes: &[i64]| united(sizes.iter().map(|n| graph.range(graph.index(*n), Axis::Loop)).collect()).len();
        assert_eq!(count(&[4096]), 1);
        assert_eq!(count(&[7, 4001]), 1);
        assert_eq!(count(&[32, 56, 56]), 3);
        assert_eq!(count(&[5, 56, 56]), 2);
        assert_eq!(count(&[8, 28, 28]), 3);
        assert_eq!(count(&[3, 7, 7]), 3);
    }
}
