//! Sums of products of which windows are reduced at once, such as a convolution under a pool: where a row has few windows, those
//! of a row are computed first, side by side as without the pool, so that neighbours share what they read.

use super::{Plan, SHORT, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::loops::stride;
use crate::optimize::action::Action;
use crate::optimize::precompute::reductions;

/// Windows in a row from which a tile has enough neighbours that lie a window apart.
const ENOUGH: i64 = 8;

impl<'g> Plan<'g, '_> {
    /// Computes the sums of products in a row of windows first.
    pub(super) fn pooled(&mut self) {
        let pool = reductions(self.kernel).into_iter().find(|r| is_pool(*r));
        let Some((columns, row, outside)) = pool.and_then(rows) else { return };
        self.outermost(columns, 1);
        let (Some(row), _) = self.outermost(row, 1) else { return };
        for range in outside {
            self.outermost(range, 1);
        }
        let reduction = reductions(self.kernel).into_iter().position(is_pool);
        if let Some((axis, reduction)) = self.place(row).zip(reduction) {
            self.act(Action::Precompute { axis, reduction });
        }
    }
}

/// Whether `reduction` combines short windows of sums of products.
fn is_pool(reduction: Uop) -> bool {
    let ranges: Vec<_> = reduction.srcs().skip(1).collect();
    let window = ranges.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
    let is_product =
        |n: Uop| n.op() == Op::Reduce && n.src(0).op() == Op::Mul && ranges.iter().all(|r| n.depends_on(*r));
    (2..=SHORT).contains(&window) && reduction.src(0).toposort().into_iter().any(is_product)
}

/// The loops over windows in a row that `pool` combines, over rows, and those around, if there are few windows in a row.
fn rows(pool: Uop) -> Option<(Uop, Uop, Vec<Uop>)> {
    let ranges: Vec<_> = pool.srcs().skip(1).collect();
    let reads = |n: &Uop| n.op() == Op::Load && ranges.iter().all(|r| n.depends_on(*r));
    let load = pool.src(0).toposort().into_iter().find(reads)?;
    let step = |r: Uop| stride(load.src(0).src(1), r);
    let results: Vec<_> = load.ranges().filter(|r| !is_reduce(*r)).collect();
    // A window's columns are neighbours, and windows follow each other.
    let of = |inner: Uop| results.iter().copied().find(|r| step(*r) == step(inner).map(|s| s * size(inner)));
    let column = ranges.iter().copied().find(|r| step(*r) == Some(1))?;
    let (columns, row) = (of(column)?, ranges.iter().copied().filter(|r| *r != column).find_map(of)?);
    let outside = results.iter().copied().filter(|r| *r != columns && *r != row).collect();
    (size(columns) < ENOUGH).then_some((columns, row, outside))
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `y[n, o, r, c] = max_ab Σ_kij x[n, k, 2 r + a + i, 2 c + b + j] w[o, k, i, j]` with so many windows in a row.
    fn of_windows(windows: i64) -> String {
        let g = Graph::new();
        let loops = |sizes: &[i64], axis| sizes.iter().map(|n| g.range(g.index(*n), axis)).collect::<Vec<_>>();
        let &[n, o, r, c] = &loops(&[128, 64, windows, windows], Axis::Loop)[..] else { unreachable!() };
        let &[a, b] = &loops(&[2, 2], Axis::Reduce)[..] else { unreachable!() };
        let &[k, i, j] = &loops(&[64, 3, 3], Axis::Reduce)[..] else { unreachable!() };
        let width = 2 * windows + 2;
        let place = ((n * 64 + k) * width + r * 2 + a + i) * width + c * 2 + b + j;
        let x = g.global(DType::F32, 0).element(place, None).load();
        let w = g.global(DType::F32, 1).element(((o * 64 + k) * 3 + i) * 3 + j, None).load();
        let largest = (x * w).reduce(Op::Add, &[k, i, j]).reduce(Op::Max, &[a, b]);
        let result = g.global(DType::F32, 2).element(((n * 64 + o) * windows + r) * windows + c, None);
        let kernel = g.sink(&[result.store(largest, &[n, o, r, c])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn short_rows_of_windows_are_computed_side_by_side() {
        let found = of_windows(3);
        assert!(found.starts_with("tile(3,1) tile(3,1) tile(2,1) precompute(1,1) vectorize(9,16)"), "{found}");
        let found = of_windows(10);
        assert!(!found.contains("precompute"), "{found}");
    }
}
