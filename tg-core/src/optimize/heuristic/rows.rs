//! Rows that are read more than once, one after the other: while what is costly is done to one, the next is on its way.
//!
//! Hardware follows a row to its end, or to that of a page, and no further. Without this, the first loop over each row waits
//! for memory, which has nothing to do during the other loops.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use super::{Plan, is_fresh, is_reduce, size};
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::prefetch::prefetchable;

/// Bytes of a row that is worth asking for, and that the first-level cache has room for beside the one before.
const ROW: RangeInclusive<i64> = 1 << 10..=16 << 10;
/// Bytes of all rows from which they are not near the processor anyway.
const FAR: i64 = 1 << 20;

impl<'g> Plan<'g, '_> {
    /// Asks for the next row in the reduction that does most with one.
    pub(super) fn rows(&mut self) {
        let nest = Nest::new(self.kernel);
        let mut rows: Vec<_> = prefetchable(self.kernel).into_iter().enumerate().collect();
        rows.retain(|(_, load)| is_of_rows(&nest, *load));
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
    let in_vectors = inside.iter().any(|r| matches!(r.arg(), Arg::Range(_, Axis::Lane)));
    let loops = nest.loops().into_iter().filter(|r| is_fresh(r) && nest.parent(*r) == Some(rows)).count();
    load.src(0).src(0).op() == Op::DefineGlobal
        && in_vectors
        && loops > 1
        && ROW.contains(&bytes)
        && bytes.saturating_mul(size(rows)) >= FAR
        && stride(load.src(0).src(1), rows).is_some_and(|step| step >= elements)
}
