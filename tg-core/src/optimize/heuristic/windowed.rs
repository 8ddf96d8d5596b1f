//! Results that are windows of others, each with a few elements side by side, such as the gradient of a pool: rows of windows
//! run as one loop, in vectors of several windows, and a window's rows are written out, so that they share what is computed of it.

use super::accesses::Accesses;
use super::{Plan, SHORT, blocks, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::action::Action;
use crate::optimize::stage::loads;

/// Most rows of a window, and vectors of a row, that are written out.
const TOGETHER: i64 = 4;

/// The loops of a kernel of windows.
struct Windows<'g> {
    /// Over a row of a window, and over windows beside each other.
    row: [Uop<'g>; 2],
    /// Over results, around both.
    around: Vec<Uop<'g>>,
    /// Of sums over windows.
    sums: Vec<Uop<'g>>,
    /// Results of one vector.
    lanes: i64,
}

impl<'g> Plan<'g, '_> {
    /// Runs the innermost loop over results together with the one around it, if it is shorter than a vector and all that is read
    /// for a vector is near; returns whether it is.
    pub(super) fn windowed(&mut self) -> bool {
        let Some(Windows { row: [inner, outer], around, sums, lanes }) = self.windows_of_results() else {
            return false;
        };
        let Some((outer, inner)) = self.place(outer).zip(self.place(inner)) else { return false };
        let Some(&[row]) = self.act(Action::Fuse { outer, inner }).as_deref() else { return false };
        for sum in sums {
            self.unroll(Some(sum), size(sum) as u32);
        }
        let all = loads(self.kernel);
        let shares = |rows: &Uop<'g>| size(*rows) <= TOGETHER && all.iter().any(|load| !load.depends_on(*rows));
        if let Some(rows) = around.into_iter().find(shares) {
            self.unroll(Some(rows), size(rows) as u32);
        }
        self.vectorize(row, lanes as u32, blocks(size(row), lanes).min(TOGETHER) as u32);
        true
    }

    fn windows_of_results(&self) -> Option<Windows<'g>> {
        let nest = Nest::new(self.kernel);
        let (sums, results): (Vec<_>, Vec<_>) = nest.loops().into_iter().partition(|r| is_reduce(*r));
        let path = nest.path(results.iter().copied().max_by_key(|r| nest.depth(*r)));
        let &[inner, outer, ref around @ ..] = &path[..] else { return None };
        let most = self.isa.vector_bytes() as i64 / Accesses::of(self.kernel, &nest, inner).widest();
        let lanes = 1 << size(inner).saturating_mul(size(outer)).min(most).max(1).ilog2();
        let windows = Windows { row: [inner, outer], around: around.to_vec(), sums, lanes };
        let is_chain = path.len() == results.len();
        (is_chain && windows.are_short() && windows.are_near(self.kernel)).then_some(windows)
    }
}

impl<'g> Windows<'g> {
    /// Whether a row of a window has less than a vector, and sums are written out.
    fn are_short(&self) -> bool {
        let is_known = |r: &Uop<'g>| r.src(0).as_int().is_some();
        let combined = self.sums.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        self.row.iter().chain(&self.sums).all(is_known) && size(self.row[0]) < self.lanes && combined <= SHORT
    }

    /// Whether results are in order, and two vectors have whatever is read for one of them.
    fn are_near(&self, kernel: Uop<'g>) -> bool {
        let [inner, outer] = self.row;
        let steps = |address: Uop<'g>| Some([stride(address, inner)?, stride(address, outer)?]);
        let is_in_order = |store: Uop<'g>| steps(store.src(0).src(1)) == Some([1, size(inner)]);
        let reach = |[a, b]: [i64; 2]| (size(inner) - 1) * a + self.lanes / size(inner) * b;
        let is_short = |steps: [i64; 2]| steps.iter().all(|s| *s >= 0) && reach(steps) < 2 * self.lanes;
        let differs = |valid: Uop<'g>| self.row.iter().any(|r| valid.depends_on(*r));
        let is_near = |load: &Uop<'g>| {
            !load.src(0).srcs().nth(2).is_some_and(differs) && steps(load.src(0).src(1)).is_some_and(is_short)
        };
        kernel.srcs().all(is_in_order) && loads(kernel).iter().all(is_near) && !self.decide(kernel)
    }

    /// Whether something is chosen by the place in a row alone, such as a coefficient: lanes along rows would choose each for itself.
    fn decide(&self, kernel: Uop<'g>) -> bool {
        let conditions = kernel.toposort().into_iter().filter(|n| n.op() == Op::Where).map(|choice| choice.src(0));
        let is_of_places = |c: Uop<'g>| c.toposort().iter().all(|n| n.op() != Op::Load);
        conditions.filter(|c| is_of_places(*c)).any(|c| self.row.iter().any(|r| c.depends_on(*r)))
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
