//! Rows that are on their way while others are read.
//!
//! Hardware follows a row to its end, or to that of a page, and no further. Of rows that are read more than once, one after the
//! other, the first loop over each would wait for memory, which has nothing to do during the other loops. Of a large matrix that is
//! read once, some rows at a time, hardware has as many to follow, and begins anew with each page of each.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use super::tile::is_written_out;
use super::{Plan, STREAMED, is_fresh, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::loops::{Nest, ROWS, stride};
use crate::optimize::action::Action;
use crate::optimize::prefetch::prefetchable;
use crate::optimize::stage::is_lane;

/// Bytes of a row that is worth asking for, and that the first-level cache has room for beside the one before.
const ROW: RangeInclusive<i64> = 1 << 10..=16 << 10;
/// Bytes of all rows from which they are not near the processor anyway.
const FAR: i64 = 1 << 20;
/// Bytes of a matrix from which no cache holds it until it is read again.
const LARGE: i64 = 2 * STREAMED as i64;

impl<'g> Plan<'g, '_> {
    /// Asks for the next row in the reduction that does most with one, or for the next of rows that are read together.
    pub(super) fn rows(&mut self) {
        let nest = Nest::new(self.kernel);
        let mut rows: Vec<_> = prefetchable(self.kernel).into_iter().enumerate().collect();
        rows.retain(|(_, load)| is_of_rows(&nest, *load) || are_together(&nest, *load));
        rows.sort_by_key(|(_, load)| (load.src(0).src(0), Reverse(self.work(&nest, *load))));
        rows.dedup_by_key(|(_, load)| load.src(0).src(0));
        for (load, _) in rows {
            self.act(Action::Prefetch { load });
        }
    }

    /// Operations in the loop of `load`.
    fn work(&self, nest: &Nest<'g>, load: Uop<'g>) -> usize {
        let leaf = nest.innermost(load);
        self.kernel.toposort().into_iter().filter(|n| n.op().is_alu() && nest.innermost(*n) == leaf).count()
    }
}

/// Whether `load` reads, in vectors and in a reduction, rows of which each is read more than once, and which are far.
fn is_of_rows<'g>(nest: &Nest<'g>, load: Uop<'g>) -> bool {
    let path = nest.path(nest.innermost(load));
    let Some(at) = path.iter().position(|r| is_fresh(r) && !is_reduce(*r)) else { return false };
    let (inside, rows) = (&path[..at], path[at]);
    let elements = inside.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
    let bytes = elements.saturating_mul(load.dtype().bytes() as i64);
    let in_vectors = inside.iter().any(is_lane);
    let loops = nest.loops().into_iter().filter(|r| is_fresh(r) && nest.parent(*r) == Some(rows)).count();
    load.src(0).src(0).op() == Op::DefineGlobal
        && in_vectors
        && loops > 1
        && ROW.contains(&bytes)
        && bytes.saturating_mul(size(rows)) >= FAR
        && stride(load.src(0).src(1), rows).is_some_and(|step| step >= elements)
}

/// Whether `load` reads, in vectors, several rows of a large matrix together, and each once.
fn are_together<'g>(nest: &Nest<'g>, load: Uop<'g>) -> bool {
    let (place, bytes) = (load.src(0).src(1), load.dtype().bytes() as i64);
    let step = |r: &Uop<'g>| stride(place, *r).unwrap_or(0);
    let is_row = |r: &Uop<'g>| is_written_out(r) && step(r).saturating_mul(bytes) >= *ROW.start();
    let path = nest.path(nest.innermost(load)).into_iter();
    let moving = path.filter(|r| place.depends_on(*r) || !is_written_out(r));
    let (rows, loops): (Vec<_>, Vec<_>) = moving.partition(is_row);
    let &[rows] = &rows[..] else { return false };
    let together = size(rows).saturating_mul(step(&rows)).saturating_mul(bytes);
    let all = loops.iter().map(|r| size(*r)).fold(size(rows).saturating_mul(bytes), i64::saturating_mul);
    load.src(0).src(0).op() == Op::DefineGlobal
        && loops.iter().any(|r| is_lane(r) && step(r) == 1)
        && loops.iter().all(|r| place.depends_on(*r))
        && together <= ROWS
        && all >= LARGE
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `y[i] = Σ_k w[i*4096 + k*s] x[k]` of 4096 `k`, where `i` or `k` runs along rows of 4096.
    fn of_matrix(results: i64, along: Axis) -> String {
        let g = Graph::new();
        let (i, k) = (g.range(g.index(results), Axis::Loop), g.range(g.index(4096), Axis::Reduce));
        let place = if along == Axis::Loop { k * results + i } else { i * 4096 + k };
        let load = |slot, place| g.global(DType::F32, slot).element(place, None).load();
        let sum = (load(0, place) * load(1, k)).reduce(Op::Add, &[k]);
        let kernel = g.sink(&[g.global(DType::F32, 2).element(i, None).store(sum, &[i])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn the_next_rows_of_a_large_matrix_are_asked_for() {
        assert_eq!(of_matrix(4096, Axis::Reduce), "vectorize(1,16) unroll(0,8) prefetch(1) parallel(0)");
        let swept = "unroll(1,8) vectorize(0,16) tile(0,64) parallel(0) accumulate(3,1,0) prefetch(2)";
        assert_eq!(of_matrix(4096, Axis::Loop), swept);
        for along in [Axis::Loop, Axis::Reduce] {
            assert!(!of_matrix(1024, along).contains("prefetch"), "caches hold 16 MiB");
        }
    }
}
