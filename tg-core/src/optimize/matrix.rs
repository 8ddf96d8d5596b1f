//! Products by the matrix unit of a warp: the loops over rows and columns become threads and the elements each of them
//! holds, as [`Fragment`] says, and the loop of the sum gets blocks that the unit adds up at once.
//!
//! The loops still say the same: a thread's sum over its row and column. That the threads of a warp share the work is for
//! the lowering.

use crate::ir::{Arg, Axis, Fragment, Op, Uop};
use crate::loops::substitute;
use crate::symbolic::Simplifier;

/// `kernel` with the product over `rows`, `columns` and `depth` in fragments; `None` if there is no such product, or the
/// shape of a fragment does not divide it.
pub(super) fn matrix<'g>(
    kernel: Uop<'g>,
    [rows, columns, depth]: [Uop<'g>; 3],
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let fragment = product(kernel, rows, columns, depth)?;
    let [m, n, k] = fragment.shape();
    let graph = kernel.graph();
    let blocks = |range: Uop<'g>, by: i64, simplifier: &mut Simplifier<'g>| {
        let Arg::Range(_, axis) = *range.arg() else { return None };
        let count = simplifier.simplify(range.src(0) / by);
        let divides = simplifier.simplify(range.src(0) % by).as_int() == Some(0);
        let outer = || if count.as_int() == Some(1) { graph.index(0) } else { graph.range(count, axis) };
        divides.then(|| outer() * by)
    };
    let (row, column, step) =
        (blocks(rows, m, simplifier)?, blocks(columns, n, simplifier)?, blocks(depth, k, simplifier)?);
    let range = |size: i64, axis| graph.range(graph.index(size), axis);
    let row = row + range(2, Axis::Matrix) * 8 + range(8, Axis::Thread(2));
    let column = column + range(4, Axis::Thread(0)) * 2 + range(2, Axis::Matrix);
    let pairs = [(rows, row), (columns, column), (depth, step + range(k, Axis::Matrix))];
    Some(simplifier.simplify(substitute(kernel, &pairs)))
}

/// The fragment for the only sum over `depth`, a product of two factors of which one varies with `rows`, the other with
/// `columns`.
fn product<'g>(kernel: Uop<'g>, rows: Uop<'g>, columns: Uop<'g>, depth: Uop<'g>) -> Option<Fragment> {
    let over = |n: &Uop<'g>| n.op() == Op::Reduce && n.srcs().skip(1).any(|r| r == depth);
    let mut sums = kernel.toposort().into_iter().filter(over);
    let sum = sums.next().filter(|_| sums.next().is_none())?;
    let product = sum.src(0);
    if *sum.arg() != Arg::Op(Op::Add) || product.op() != Op::Mul {
        return None;
    }
    let (left, right) = factors(product, rows, columns)?;
    let [of_left, of_right] = [left, right].map(|factor| Fragment::of(factor).map(|(fragment, _)| fragment));
    of_left.filter(|_| of_left == of_right)
}

/// The factor that varies with `rows` and not with `columns`, and the other way round.
pub(crate) fn factors<'g>(product: Uop<'g>, rows: Uop<'g>, columns: Uop<'g>) -> Option<(Uop<'g>, Uop<'g>)> {
    let is = |factor: Uop<'g>, along: Uop<'g>, across: Uop<'g>| factor.depends_on(along) && !factor.depends_on(across);
    let [a, b] = [product.src(0), product.src(1)];
    match () {
        _ if is(a, rows, columns) && is(b, columns, rows) => Some((a, b)),
        _ if is(b, rows, columns) && is(a, columns, rows) => Some((b, a)),
        _ => None,
    }
}
