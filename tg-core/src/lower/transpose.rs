//! Accesses whose lanes lie apart, of copies that are neighbours in memory: they are put in order by shuffles, part of
//! [`super::vectorize`].
//!
//! Before: vector `i` has element `a + i + j*step` in lane `j`, each loaded or stored by itself. After: for each `j` one
//! wide access to the neighbours `a + j*step ..`, and the matrix of all of them transposed in registers. With n vectors of
//! n lanes that is n accesses instead of n², and n·log₂n shuffles.

use crate::ir::{Arg, Op, Uop};
use crate::loops::stride;
use crate::symbolic::{Sum, Term};

/// Neighbours from which a wide access pays for the shuffles.
const LEAST: usize = 4;

/// A load or store of which each lane is `step` elements from the one before.
#[derive(Clone)]
pub(super) struct Access<'g> {
    /// The LOAD or STORE.
    pub node: Uop<'g>,
    /// Where lane 0 is, without the constant part, which is `offset`.
    base: Sum<'g>,
    offset: i128,
    step: i64,
}

impl<'g> Access<'g> {
    /// `node`, a LOAD or STORE over the lanes `range`, if the lanes lie evenly apart and nothing guards them.
    pub fn of(node: Uop<'g>, range: Uop<'g>) -> Option<Access<'g>> {
        let index = node.src(0);
        let (plain, dtype) = (index.arity() == 2, index.dtype().pointee());
        let fixed = if node.op() == Op::Load { 1 } else { 2 };
        if !plain || dtype.is_bool() || dtype.lanes > 1 || node.op() == Op::Load && node.arity() > fixed {
            return None;
        }
        let step = stride(index.src(1), range).filter(|step| step.abs() > 2)?;
        let mut base = Sum::of(index.src(1))?.plus(&Sum::atom(range), &Term::constant(-step as i128))?;
        let offset = base.constant_term();
        base.add_term(Term::constant(-offset))?;
        let is_even = !base.atoms().into_iter().any(|atom| atom.depends_on(range));
        is_even.then_some(Access { node, base, offset, step })
    }

    /// Whether `other` is the same access some elements on.
    fn moves_to(&self, other: &Access<'g>) -> bool {
        let others = |a: &Access<'g>| a.node.srcs().skip(2).collect::<Vec<_>>();
        let pointer = |a: &Access<'g>| a.node.src(0).src(0);
        pointer(self) == pointer(other)
            && self.step == other.step
            && self.base == other.base
            && others(self) == others(other)
    }

    /// The address in lane `j`.
    pub fn address(&self, j: i64) -> Uop<'g> {
        let (pointer, graph) = (self.node.src(0).src(0), self.node.graph());
        pointer.element(self.base.build(graph) + graph.index((self.offset + (j * self.step) as i128) as i64), None)
    }
}

/// Accesses to neighbours, in order, a power of two of them and at most `lanes`; where that leaves some over, the last
/// run overlaps the one before.
pub(super) fn runs<'g>(accesses: Vec<Access<'g>>, lanes: usize) -> Vec<Vec<Access<'g>>> {
    let mut groups: Vec<Vec<Access<'g>>> = vec![];
    for access in accesses {
        match groups.iter_mut().find(|group| group[0].moves_to(&access)) {
            Some(group) => group.push(access),
            None => groups.push(vec![access]),
        }
    }
    let mut found = vec![];
    for mut group in groups {
        group.sort_by_key(|access| access.offset);
        for neighbours in group.chunk_by(|a, b| a.offset + 1 == b.offset) {
            found.extend(pieces(neighbours.len(), lanes).into_iter().map(|(at, n)| neighbours[at..at + n].to_vec()));
        }
    }
    found
}

/// Where pieces begin that cover `count` neighbours, and how long they are.
fn pieces(count: usize, lanes: usize) -> Vec<(usize, usize)> {
    let (mut pieces, mut at) = (vec![], 0);
    while at < count && count.min(lanes) >= LEAST {
        let rest = (count - at).min(lanes);
        let (less, more) = (1 << rest.ilog2(), rest.next_power_of_two());
        let size = if more <= count && rest * 4 >= more * 3 { more } else { less }.max(LEAST);
        pieces.push((at.min(count - size), size));
        at += size;
    }
    pieces
}

/// From a vector for each lane, with an element for each of n neighbours, a vector of all lanes for each neighbour.
pub(super) fn columns<'g>(rows: Vec<Uop<'g>>) -> Vec<Uop<'g>> {
    let (lanes, neighbours) = (rows.len(), lanes_of(rows[0]));
    let mut vectors = rows;
    while lanes_of(vectors[0]) < lanes {
        let both = |pair: &[Uop<'g>]| shuffled(elements(pair[0]).chain(elements(pair[1])));
        vectors = vectors.chunks(2).map(both).collect();
    }
    (0..neighbours.ilog2()).fold(vectors, |vectors, _| parted(&vectors))
}

/// The reverse: from a vector of all lanes for each of n neighbours, a vector of the neighbours for each lane.
pub(super) fn rows<'g>(columns: Vec<Uop<'g>>) -> Vec<Uop<'g>> {
    let (lanes, neighbours) = (lanes_of(columns[0]), columns.len());
    let vectors = (0..neighbours.ilog2()).fold(columns, |vectors, _| interleaved(&vectors));
    let part = |vector: Uop<'g>, first: usize| shuffled(elements(vector).skip(first).take(neighbours));
    let parts = |vector| (0..lanes).step_by(neighbours).map(move |first| part(vector, first));
    if lanes == neighbours { vectors } else { vectors.into_iter().flat_map(parts).collect() }
}

/// All elements with an even place, then those with an odd one: the last bit of the place becomes the first.
fn parted<'g>(vectors: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let every_second = |pair: &[Uop<'g>], first: usize| {
        let both: Vec<_> = elements(pair[0]).chain(elements(pair[1])).collect();
        shuffled(both.into_iter().skip(first).step_by(2))
    };
    let half = |first: usize| vectors.chunks(2).map(move |pair| every_second(pair, first)).collect::<Vec<_>>();
    [half(0), half(1)].concat()
}

/// The elements of the first half and those of the second in turn: the first bit of the place becomes the last.
fn interleaved<'g>(vectors: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let (first, second) = vectors.split_at(vectors.len() / 2);
    let in_turn = |(a, b): (&Uop<'g>, &Uop<'g>)| {
        let all: Vec<_> = elements(*a).zip(elements(*b)).flat_map(|(x, y)| [x, y]).collect();
        let (low, high) = all.split_at(all.len() / 2);
        [low, high].map(|part| shuffled(part.iter().copied()))
    };
    first.iter().zip(second).flat_map(in_turn).collect()
}

fn lanes_of(vector: Uop) -> usize {
    vector.dtype().lanes as usize
}

fn elements<'g>(vector: Uop<'g>) -> impl Iterator<Item = (Uop<'g>, usize)> {
    (0..lanes_of(vector)).map(move |lane| (vector, lane))
}

/// A vector of these lanes of one or two vectors.
fn shuffled<'g>(lanes: impl Iterator<Item = (Uop<'g>, usize)>) -> Uop<'g> {
    let lanes: Vec<_> = lanes.map(|(vector, lane)| vector.lane(lane as u32)).collect();
    let dtype = lanes[0].dtype().vec(lanes.len() as u16);
    lanes[0].graph().node(Op::Vectorize, dtype, &lanes, Arg::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_neighbours() {
        for count in 4..70 {
            let mut covered = vec![false; count];
            for (at, size) in pieces(count, 16) {
                assert!(size.is_power_of_two() && (4..=16).contains(&size), "{count}");
                covered[at..at + size].iter_mut().for_each(|c| *c = true);
            }
            assert!(covered.into_iter().all(|c| c), "{count}");
        }
        assert_eq!(pieces(14, 16), [(0, 8), (6, 8)]);
        assert_eq!(pieces(25, 16), [(0, 16), (16, 8), (21, 4)]);
        assert!(pieces(3, 16).is_empty() && pieces(8, 2).is_empty());
    }
}
