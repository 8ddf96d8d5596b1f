//! Which loops run in vectors: as many neighbours as 16 bytes hold, which threads then access together.
//!
//! A condition may guard such an access if it holds for all of its lanes or for none, as at the end of a loop that was
//! padded from one multiple of 8 to another.

use super::Plan;
use crate::ir::{Op, Uop};
use crate::loops::{in_vectors, is_aligned, stride};
use crate::optimize::action::Action;
use crate::symbolic::simplify;
use crate::target::WIDEST;

/// Bytes of an element from which threads that access one each use memory well.
const WIDE: usize = 4;

/// How an access goes to the lanes of a vector.
enum Reach {
    /// To all of them at once.
    Whole,
    /// To neighbours, but to one after the other.
    Single,
    /// To elements that lie apart.
    Apart,
}

impl<'g> Plan<'g, '_> {
    /// Runs `range` in vectors of as many bytes as an access can have; returns the loop over them.
    pub(super) fn in_vectors(&mut self, range: Uop<'g>) -> Option<Uop<'g>> {
        let lanes = self.lanes(range);
        if lanes < 2 {
            return Some(range);
        }
        let Some(place) = self.place(range) else { return Some(range) };
        match self.act(Action::Vectorize { axis: place, lanes: lanes as u32 }) {
            Some(new) => new.first().copied(),
            None => Some(range),
        }
    }

    /// How many neighbours along `range` an access takes: as many as divide the loop and pay.
    pub(super) fn lanes(&self, range: Uop<'g>) -> i64 {
        let moving = |n: &Uop<'g>| matches!(n.op(), Op::Load | Op::Store) && n.src(0).src(1).depends_on(range);
        let accesses: Vec<_> = self.kernel.toposort().into_iter().filter(moving).collect();
        let widest = accesses.iter().map(|n| bytes(*n)).max().unwrap_or(WIDEST);
        let halves = std::iter::successors(Some((WIDEST / widest) as i64), |lanes| Some(lanes / 2));
        let widths = halves.take_while(|lanes| *lanes > 1).filter(|lanes| self.divides(range, *lanes));
        let paying: Vec<_> = widths.filter(|lanes| self.pays(&accesses, range, *lanes)).collect();
        let are_whole =
            |lanes: &i64| accesses.iter().all(|access| matches!(reach(*access, range, *lanes), Reach::Whole));
        // What comes in several accesses is better in narrower ones that are one each.
        paying.iter().copied().find(are_whole).or(paying.first().copied()).unwrap_or(1)
    }

    /// Whether `range` has a multiple of `by` iterations.
    pub(super) fn divides(&self, range: Uop<'g>, by: i64) -> bool {
        simplify(range.src(0) % by).as_int() == Some(0)
    }

    /// Whether most of `accesses` go to vectors of `lanes` at once. Narrow elements that are loaded one by one do not count
    /// against it where no fewer are stored at once.
    fn pays(&self, accesses: &[Uop<'g>], range: Uop<'g>, lanes: i64) -> bool {
        let (mut whole, mut single, mut others) = (0i64, 0i64, 0i64);
        let is_stored = accesses.iter().any(|access| access.op() == Op::Store);
        for access in accesses {
            let kind = match reach(*access, range, lanes) {
                Reach::Whole => &mut whole,
                _ if access.op() == Op::Store => return false,
                Reach::Single if is_stored && bytes(*access) < WIDE => &mut single,
                _ => &mut others,
            };
            *kind = kind.saturating_add(self.elements(*access));
        }
        whole > others && whole >= single
    }

    /// How many elements `access` goes to.
    pub(super) fn elements(&self, access: Uop<'g>) -> i64 {
        access.src(0).src(1).ranges().map(super::size).fold(1, i64::saturating_mul)
    }
}

/// Bytes of an element of `access`.
fn bytes(access: Uop) -> usize {
    access.src(0).dtype().pointee().bytes()
}

/// How `access` goes to vectors of `lanes` along `range`.
fn reach<'g>(access: Uop<'g>, range: Uop<'g>, lanes: i64) -> Reach {
    let index = access.src(0);
    let (place, along) = match stride(index.src(1), range) {
        Some(_) => (index.src(1), range),
        None => in_vectors(index.src(1), range, lanes),
    };
    let is_whole = || is_aligned(place, along, lanes) && index.srcs().nth(2).is_none_or(|c| is_even(c, range, lanes));
    match stride(place, along) {
        Some(1) if is_whole() => Reach::Whole,
        Some(1) => Reach::Single,
        _ => Reach::Apart,
    }
}

/// Whether `condition` holds for all lanes of a vector along `range` or for none.
fn is_even<'g>(condition: Uop<'g>, range: Uop<'g>, lanes: i64) -> bool {
    let (condition, lane) = in_vectors(condition, range, lanes);
    !condition.depends_on(lane)
}
