//! A loop that computes each result from its own elements, of more than the caches hold, takes the time to read and write.
//! Hardware follows what it reads to the end of a page, and has to begin anew there: so it is asked for, a page ahead.

use super::accesses::Choice;
use super::{Plan, is_reduce, is_streamed};
use crate::ir::{Op, Uop};
use crate::loops::Nest;
use crate::optimize::action::Action;
use crate::optimize::prefetch::prefetchable;

/// Vectors that are written out.
const TOGETHER: u32 = 4;

impl<'g> Plan<'g, '_> {
    /// Runs the loop `leaf` over neighbours in vectors and asks for what it reads, if all loops are over results.
    pub(super) fn streams(&mut self, leaf: Uop<'g>, choice: Choice<'g>) -> bool {
        let combines = Nest::new(self.kernel).loops().into_iter().any(is_reduce);
        if choice.axis != leaf || combines || !is_streamed(self.kernel) {
            return false;
        }
        self.vectorize(leaf, choice.lanes as u32, TOGETHER);
        let nest = Nest::new(self.kernel);
        // What does not move with all loops is read again, and near.
        let is_new = |load: &Uop<'g>| nest.path(nest.innermost(*load)).into_iter().all(|r| load.depends_on(r));
        let is_far = |load: &Uop<'g>| load.src(0).src(0).op() == Op::DefineGlobal && is_new(load);
        let loads = prefetchable(self.kernel);
        for load in (0..loads.len()).filter(|&load| is_far(&loads[load])) {
            self.act(Action::Prefetch { load });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `y[i, j] = x[i, j] + b[j]` of so many rows of 4096.
    fn of_rows(rows: i64) -> String {
        let g = Graph::new();
        let [i, j] = [rows, 4096].map(|n| g.range(g.index(n), Axis::Loop));
        let load = |slot, place| g.global(DType::F32, slot).element(place, None).load();
        let sum = load(0, i * 4096 + j) + load(1, j);
        let kernel = g.sink(&[g.global(DType::F32, 2).element(i * 4096 + j, None).store(sum, &[i, j])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn what_is_read_once_by_large_loops_is_asked_for() {
        assert_eq!(of_rows(4096), "vectorize(1,16) unroll(1,4) prefetch(1) stream parallel(0)");
        assert!(!of_rows(64).contains("prefetch"));
    }
}
