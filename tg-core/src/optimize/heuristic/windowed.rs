//! Results that are windows of others, each with a few elements side by side, such as the gradient of a pool: rows of windows run as
//! one loop, in vectors of several windows, and a window's rows are written out, so that they share what is computed of it.

use super::accesses::Accesses;
use super::{Plan, SHORT, blocks, is_reduce, size};
use crate::ir::Uop;
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::stage::loads;

/// Most rows of a window, and vectors of a row, that are written out.
const TOGETHER: i64 = 4;

impl<'g> Plan<'g, '_> {
    /// Runs the innermost loop over results together with the one around it, if it is shorter than a vector and all that is read
    /// for a vector is near; returns whether it is.
    pub(super) fn windowed(&mut self) -> bool {
        let nest = Nest::new(self.kernel);
        let (sums, results): (Vec<_>, Vec<_>) = nest.loops().into_iter().partition(|r| is_reduce(*r));
        let leaf = results.iter().copied().max_by_key(|r| nest.depth(*r));
        let path = nest.path(leaf);
        let &[inner, outer, ref around @ ..] = &path[..] else { return false };
        let most = self.isa.vector_bytes() as i64 / Accesses::of(self.kernel, &nest, inner).widest();
        let lanes = 1 << (size(inner) * size(outer)).min(most).max(1).ilog2();
        if path.len() != results.len() || !self.are_windows([inner, outer], &sums, lanes) {
            return false;
        }
        let Some([outer_at, inner_at]) = self.place(outer).zip(self.place(inner)).map(<[usize; 2]>::from) else {
            return false;
        };
        let Some(fused) = self.act(Action::Fuse { outer: outer_at, inner: inner_at }) else { return false };
        for sum in sums {
            self.unroll(Some(sum), size(sum) as u32);
        }
        let shared = |row: &Uop<'g>| loads(self.kernel).into_iter().any(|load| !load.depends_on(*row));
        let rows: Vec<_> = around.iter().copied().filter(|row| size(*row) <= TOGETHER && shared(row)).collect();
        for row in rows {
            self.unroll(Some(row), size(row) as u32);
        }
        self.vectorize(fused[0], lanes as u32, blocks(size(fused[0]), lanes).min(TOGETHER) as u32);
        true
    }

    /// Whether `inner` runs over less than a vector of `lanes`, `outer` over windows beside each other, and `sums` are short, so that
    /// two vectors have whatever is read for one.
    fn are_windows(&self, [inner, outer]: [Uop<'g>; 2], sums: &[Uop<'g>], lanes: i64) -> bool {
        let known = |r: &Uop<'g>| r.src(0).as_int().is_some();
        let steps = |address: Uop<'g>| Some([stride(address, inner)?, stride(address, outer)?]);
        let is_in_order = |store: Uop<'g>| steps(store.src(0).src(1)) == Some([1, size(inner)]);
        let is_near = |load: &Uop<'g>| {
            let guard =
                load.src(0).srcs().nth(2).into_iter().any(|valid| valid.depends_on(inner) || valid.depends_on(outer));
            let reach = |[a, b]: [i64; 2]| (size(inner) - 1) * a + (lanes / size(inner)) * b < 2 * lanes;
            !guard && steps(load.src(0).src(1)).is_some_and(|steps| steps.iter().all(|s| *s >= 0) && reach(steps))
        };
        let combined = sums.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        let is_known = sums.iter().chain([&inner, &outer]).all(known);
        is_known
            && size(inner) < lanes
            && combined <= SHORT
            && self.kernel.srcs().all(is_in_order)
            && loads(self.kernel).iter().all(is_near)
    }
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `y[i, j] = x[i * step + j * by]` of 100 rows of so many elements.
    fn of_rows(elements: i64, step: i64, by: i64) -> String {
        let g = Graph::new();
        let [i, j] = [100, elements].map(|n| g.range(g.index(n), Axis::Loop));
        let load = g.global(DType::F32, 0).element(i * step + j * by, None).load();
        let kernel = g.sink(&[g.global(DType::F32, 1).element(i * elements + j, None).store(load, &[i, j])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn short_rows_of_what_is_near_run_as_one_loop() {
        assert_eq!(of_rows(2, 1, 0), "fuse(0,1) overlap(0,64) vectorize(1,16) unroll(1,4) parallel(0)");
        for (why, elements, step, by) in [("long rows", 32, 1, 0), ("far apart", 2, 100, 1), ("columns", 2, 1, 100)] {
            let found = of_rows(elements, step, by);
            assert!(!found.contains("fuse"), "{why}: {found}");
        }
    }
}
