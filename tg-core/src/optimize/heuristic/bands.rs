//! Operands with zeros around them are copied with the zeros: all at once where that stays near, else some rows at a
//! time. Where so few results need an element that the copy would take longer than conditions on what remains of the zeros,
//! they are read where they are, as they are where a tile has whole rows: what is beside these is then known to be zero.

use super::accesses::Accesses;
use super::contraction::{READERS, THREADS};
use super::taps::TAPS;
use super::tile::whole;
use super::{Plan, blocks, is_reduce, reduced, size};
use crate::ir::Uop;
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::border::{Extent, Tiles, extent, guards, share_of_zeros};
use crate::optimize::stage::loads;

/// Share of a sum that is rows of zeros, from which they are left out.
const ZEROS: f64 = 0.05;
/// Bytes of a band, which stays near the processor beside the operand that meets it.
const BAND: i128 = 256 << 10;

/// Time to copy a vector with what is around it, in multiply-adds of one.
const COPY: f64 = 50.0;
/// Time for a condition on an element, in the time that is spent on the element.
const GUARD: f64 = 0.4;
/// Results along a row that are computed together, about.
const TILE: usize = 14;

/// What becomes of rows of zeros.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Edges {
    /// Sums leave them out, and nothing is copied, where that pays.
    Open,
    /// Sums leave them out, where that pays.
    Trimmed,
    /// They are read like others.
    Read,
}

impl<'g> Plan<'g, '_> {
    /// Copies operands of reductions that have zeros around them, zeros included; returns from how many of these, or of those
    /// that are read where they are, sums are to leave rows out.
    pub(super) fn border(&mut self, edges: Edges) -> usize {
        let mut trimmed = 0;
        for load in (0..loads(self.kernel).len()).rev() {
            if !self.is_bordered(loads(self.kernel)[load]) {
                continue;
            }
            self.still_first(load);
            self.band(load);
            if edges == Edges::Open && self.is_open(load) {
                trimmed += 1;
                continue;
            }
            let action = self.bordering(load, edges);
            trimmed += usize::from(matches!(action, Action::Edge { .. }));
            self.copy_border(action, loads(self.kernel)[load].dtype().bytes());
        }
        trimmed
    }

    /// Makes the copy of elements of `bytes` bytes, in vectors.
    fn copy_border(&mut self, action: Action, bytes: usize) {
        let copying = self.act(action).unwrap_or_default();
        let lanes = (self.isa.vector_bytes() / bytes) as u32;
        let nest = Nest::new(self.kernel);
        let is_leaf = |r: &Uop<'g>| nest.loops().iter().all(|other| nest.parent(*other) != Some(*r));
        for row in copying.into_iter().filter(is_leaf).collect::<Vec<_>>() {
            self.vectorize(row, lanes, 1);
        }
    }

    /// Whether `load` is better read where it is: element by element, whether or not it is copied, and with few conditions.
    fn is_open(&mut self, load: usize) -> bool {
        let read = loads(self.kernel)[load];
        let tiles = Tiles { results: TILE, whole: whole(self.isa) as usize, taps: TAPS.into() };
        let (guards, copy) = (guards(self.kernel, read, tiles), extent(self.kernel, read));
        let Some((guards, copy)) = guards.zip(copy) else { return false };
        let nest = Nest::new(self.kernel);
        let chain = nest.path(nest.innermost(read));
        let is_inside = |r: &&Uop<'g>| nest.depth(**r) >= copy.depth || !read.depends_on(**r);
        let inside = chain.iter().filter(is_inside).map(|r| size(*r)).fold(1, i64::saturating_mul);
        let readers = inside as f64 * read.dtype().bytes() as f64 / copy.bytes as f64;
        // Rows of zeros that a copy would have.
        let zeros = share_of_zeros(self.kernel, read).filter(|zeros| *zeros < ZEROS).unwrap_or(0.0);
        GUARD * guards.share < COPY / readers + zeros + guards.zeros && self.is_read_by_element(load, &chain)
    }

    /// Whether lanes run over the same of the loops `chain`, with which `load` does not move, whether or not it is copied.
    fn is_read_by_element(&mut self, load: usize, chain: &[Uop<'g>]) -> bool {
        let axis = |kernel| {
            let accesses = Accesses::of(kernel, &Nest::new(kernel), chain[0]);
            accesses.best(self.isa, chain).map(|choice| choice.axis)
        };
        let here = axis(self.kernel).filter(|axis| !loads(self.kernel)[load].depends_on(*axis));
        let copied = Action::Border { load }.apply(self.kernel, self.simplifier).ok();
        here.is_some() && copied.is_none_or(|copied| axis(copied) == here)
    }

    /// Whether rows of zeros are read like others, or left out of the sum at the end.
    fn bordering(&self, load: usize, edges: Edges) -> Action {
        let zeros = share_of_zeros(self.kernel, loads(self.kernel)[load]).unwrap_or(0.0);
        if edges != Edges::Read && zeros >= ZEROS { Action::Edge { load } } else { Action::Border { load } }
    }

    /// Leaves rows of zeros out of sums; returns of how many.
    pub(super) fn trim(&mut self, most: usize) -> usize {
        let loops = if most > 0 { Nest::new(self.kernel).loops().len() } else { 0 };
        (0..loops).filter(|axis| self.act(Action::Trim { axis: *axis }).is_some()).count()
    }

    /// Whether `load` is guarded, in a reduction that is worth a copy.
    fn is_bordered(&self, load: Uop<'g>) -> bool {
        let nest = Nest::new(self.kernel);
        let chain = nest.path(nest.innermost(load));
        load.src(0).arity() == 3 && chain.first().is_some_and(|leaf| is_reduce(*leaf)) && reduced(&chain) >= READERS
    }

    /// Puts the loops over results that `load` does not move with around those that its conditions are about: a copy serves all
    /// of the former.
    fn still_first(&mut self, load: usize) {
        let (nest, load) = (Nest::new(self.kernel), loads(self.kernel)[load]);
        let results: Vec<_> = nest.path(nest.innermost(load)).into_iter().filter(|r| !is_reduce(*r)).collect();
        let Some(condition) = load.src(0).srcs().nth(2) else { return };
        let Some(first) = results.iter().rposition(|r| condition.depends_on(*r)) else { return };
        let still: Vec<_> = results[..first].iter().copied().filter(|r| !load.depends_on(*r)).collect();
        if !still.is_empty() {
            for range in still.into_iter().chain(results[first + 1..].iter().copied()) {
                self.outermost(range, 1);
            }
        }
    }

    /// Runs the loop over rows in bands, if all rows are too many.
    fn band(&mut self, load: usize) {
        let Some(copy) = extent(self.kernel, loads(self.kernel)[load]).filter(|copy| copy.bytes > BAND) else { return };
        let nest = Nest::new(self.kernel);
        let around = nest.path(nest.parent(copy.row));
        let moves = loads(self.kernel)[load];
        let outside: Vec<_> = around.into_iter().filter(|r| moves.depends_on(*r) && !is_reduce(*r)).collect();
        let bands = self.outermost(copy.row, rows(&copy)).0;
        if bands.is_some() {
            for range in outside {
                self.outermost(range, 1);
            }
        }
    }
}

/// How many rows make a band: few enough to stay near, and such that threads get equal shares and bands are even.
fn rows(copy: &Extent) -> i64 {
    let all = size(copy.row);
    let near = |by: &i64| copy.bytes - (all - by) as i128 * copy.step <= BAND;
    let overlap = (copy.bytes / copy.step.max(1)) as i64 - all;
    let time = |by: i64| {
        let shares = THREADS.iter().map(|threads| blocks(blocks(all, by), *threads) * threads * by).sum::<i64>();
        shares as f64 * (1.0 + 0.01 * overlap as f64 / by as f64)
    };
    let divides = |by: &i64| all % by == 0;
    (1..=all).filter(divides).filter(near).min_by(|a, b| time(*a).total_cmp(&time(*b))).unwrap_or(all)
}
