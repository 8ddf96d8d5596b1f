//! Reductions: which threads share a sum, and how each goes through its part.

use super::{BLOCK_BITS, Plan, is_reduce};
use crate::ir::{Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::heuristic::size;

/// Bits of a thread's number within its warp.
const WARP_BITS: u32 = 5;
/// log₂ of the most threads of a block.
const MOST_BITS: u32 = 10;
/// Vectors of a row that a thread holds in registers, at most.
const HELD: i64 = 8;
/// Vectors of a row that a thread has, where there are as many.
const EACH: i64 = 4;
/// Elements of a sector of memory.
const SECTOR: i64 = 8;
/// As many blocks keep all multiprocessors of a large GPU busy.
const BUSY: i64 = 264;
/// Elements of a sum that a thread adds up alone, at most, where it can be shared.
const LONG: i64 = 64;
/// Results from which threads have several.
const MANY: i64 = 1 << 14;
/// Lanes of a vector of 16 bytes whose elements are not narrow, and log₂ of the threads whose narrow ones fill two sectors.
const LANES: i64 = 4;
const SECTORS_BITS: u32 = 2;
/// Elements of a row of a window that a thread goes through, at most.
const WINDOW: i64 = 16;
/// Iterations of a longer loop that are written out, at least and at most.
const AHEAD: std::ops::RangeInclusive<u32> = 4..=8;

impl<'g> Plan<'g, '_> {
    /// Threads for a kernel with reductions.
    pub(super) fn reductions(&mut self) {
        let Some(main) = self.longest() else { return };
        let nest = Nest::new(self.kernel);
        let around = nest.path(nest.parent(main));
        let results = self.result_loops();
        let (rows, columns): (Vec<_>, Vec<_>) = results.into_iter().partition(|r| around.contains(r));
        if self.moves_along(main) && !self.is_of_windows(main) || rows.is_empty() {
            self.along(main, rows, columns);
        } else {
            self.across(main, rows, columns);
        }
    }

    /// The innermost loop of the reduction that runs longest.
    fn longest(&self) -> Option<Uop<'g>> {
        let nest = Nest::new(self.kernel);
        let leaves = nest.loops().into_iter().filter(|r| is_reduce(*r));
        leaves.max_by_key(|r| (nest.path(Some(*r)).into_iter().map(size).fold(1, i64::saturating_mul), *r))
    }

    /// Whether nearly all that is loaded in the loop is neighbours along it. Threads that read what is far apart read a
    /// whole sector of memory each.
    fn moves_along(&self, range: Uop<'g>) -> bool {
        let moving = |n: &Uop<'g>| n.op() == Op::Load && n.src(0).src(1).depends_on(range);
        let loads = self.kernel.toposort().into_iter().filter(moving);
        let (along, across): (Vec<_>, Vec<_>) = loads.partition(|n| stride(n.src(0).src(1), range) == Some(1));
        let elements = |loads: Vec<Uop<'g>>| loads.into_iter().map(|n| self.elements(n)).fold(0, i64::saturating_add);
        elements(along) > SECTOR.saturating_mul(elements(across))
    }

    /// Whether the loop goes along short windows, of which neighbouring results have neighbouring ones, so that each result
    /// has a thread: they overlap, or have several rows.
    fn is_of_windows(&self, main: Uop<'g>) -> bool {
        let has_rows = Nest::new(self.kernel).path(Some(main)).into_iter().filter(|r| is_reduce(*r)).count() > 1;
        let most = if has_rows { size(main) } else { size(main) - 1 };
        let slides = |load: Uop<'g>| {
            let steps = self.result_loops().into_iter().map(|r| stride(load.src(0).src(1), r));
            steps.flatten().any(|step| (1..=most).contains(&step))
        };
        let moving = |n: &Uop<'g>| n.op() == Op::Load && n.src(0).src(1).depends_on(main);
        size(main) <= WINDOW && self.kernel.toposort().into_iter().filter(moving).any(slides)
    }

    /// A part of a block, or all of it, for each row.
    fn along(&mut self, main: Uop<'g>, rows: Vec<Uop<'g>>, columns: Vec<Uop<'g>>) {
        let lanes = self.lanes(main);
        let vectors = (size(main) / lanes).max(1);
        let blocks = rows.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        let each = if blocks < BUSY { 1 } else { EACH };
        let wanted = (vectors / each).max(vectors.min(1 << WARP_BITS)).max(1) as u64;
        let bits = wanted.next_power_of_two().trailing_zeros().min(MOST_BITS);
        let nest = Nest::new(self.kernel);
        let reductions: Vec<_> = nest.loops().into_iter().rev().filter(|r| is_reduce(*r)).collect();
        let is_around = |r: Uop<'g>| reductions.iter().any(|inner| *inner != r && nest.path(Some(*inner)).contains(&r));
        let (outer, inner): (Vec<_>, Vec<_>) = reductions.iter().copied().partition(|r| is_around(*r));
        inner.into_iter().for_each(|range| self.part(range, bits));
        // Rows that are combined themselves have threads beside those of a row.
        for range in outer {
            self.over_threads(range, bits, MOST_BITS);
        }
        if let Some(last) = columns.last() {
            self.part(*last, bits);
        }
        if bits < BLOCK_BITS - 1 {
            self.results(rows.into_iter().filter(|r| size(*r) > 1).collect(), bits, BLOCK_BITS - 1);
        }
    }

    /// Runs `range`, a reduction or the loop over a row's results, in vectors, by `bits` of the thread's number, with the
    /// rest written out as far as registers hold it.
    fn part(&mut self, range: Uop<'g>, bits: u32) {
        let Some(vectors) = self.in_vectors(range) else { return };
        let Some(vectors) = self.padded(vectors, 1 << bits) else { return };
        let rest = if bits == 0 {
            Some(vectors)
        } else {
            let Some(axis) = self.place(vectors) else { return };
            match self.act(Action::Thread { axis, size: 1 << bits, bit: 0 }) {
                Some(new) => new.first().copied(),
                None => return,
            }
        };
        self.run_ahead(rest);
    }

    /// Writes a short loop out, of a longer one some iterations, so that several loads are under way: as many as divide it,
    /// if few do.
    fn run_ahead(&mut self, range: Option<Uop<'g>>) {
        let Some((range, axis)) = range.and_then(|range| Some((range, self.place(range)?))) else { return };
        let by = match range.src(0).as_int() {
            Some(count) if count <= HELD.into() => count as u32,
            Some(count) => AHEAD.rev().find(|by| count % i128::from(*by) == 0).unwrap_or(*AHEAD.start()),
            None => *AHEAD.start(),
        };
        self.act(Action::Unroll { axis, by });
    }

    /// Neighbouring threads for neighbouring results, and some of a block's for each sum.
    fn across(&mut self, main: Uop<'g>, rows: Vec<Uop<'g>>, columns: Vec<Uop<'g>>) {
        let results = rows.iter().chain(&columns).map(|r| size(*r)).fold(1, i64::saturating_mul);
        let rows: Vec<_> = rows.into_iter().filter(|r| size(*r) > 1).collect();
        let lanes = rows.last().map_or(1, |range| self.lanes(*range));
        // Few results are a thread each, but for narrow ones, of which several are loaded at a time.
        let (lanes, own, most) = match results < MANY {
            true if lanes > LANES => (lanes, SECTORS_BITS, BLOCK_BITS + 1),
            true => (1, WARP_BITS, MOST_BITS),
            false => (lanes, WARP_BITS, MOST_BITS),
        };
        let is_shared = self.divided(main, results / lanes, own..most);
        let to = if is_shared { own } else { BLOCK_BITS };
        if lanes > 1 {
            return self.results(rows, 0, to);
        }
        let mut bit = 0;
        for range in rows.into_iter().rev() {
            if bit < to {
                bit += self.over_threads(range, bit, to);
            }
        }
    }

    /// Divides each sum over `main` among threads that the bits `bits` of their numbers tell apart, if that many are wanted
    /// for `others` that add up something else.
    fn divided(&mut self, main: Uop<'g>, others: i64, bits: std::ops::Range<u32>) -> bool {
        let (wanted, length) = ((BUSY << BLOCK_BITS) / others.max(1), size(main));
        // As many sums as there are threads need no sharing, unless each is long.
        let shares = wanted.max(length / LONG).min(length / i64::from(*AHEAD.start())).max(1);
        let shares = (shares as u64).next_power_of_two().trailing_zeros().min(bits.end - bits.start);
        if shares > 0
            && let Some(main) = self.padded(main, 1 << shares)
        {
            let action = |axis| Action::Thread { axis, size: 1 << shares, bit: bits.start as usize };
            let rest = self.place(main).and_then(|axis| self.act(action(axis)));
            self.run_ahead(rest.and_then(|rest| rest.first().copied()));
            return true;
        }
        self.run_ahead(Some(main));
        false
    }
}
