//! Products by the matrix unit of a warp: the loops over rows and columns become threads and the elements each of them
//! holds, as [`Fragment`] says, and the loop of the sum gets blocks that the unit adds up at once.
//!
//! The loops still say the same: a thread's sum over its row and column. That the threads of a warp share the work is for
//! the lowering.

use crate::ir::{Arg, Axis, Fragment, Group, Op, Uop};
use crate::loops::substitute;
use crate::symbolic::Simplifier;

/// Bits of a thread's number within its warp.
const WARP_BITS: u8 = 5;

/// `kernel` with the product over `rows`, `columns` and `depth` in fragments; `None` if there is no such product, or the
/// shape of a fragment does not divide it.
pub(super) fn matrix<'g>(
    kernel: Uop<'g>,
    [rows, columns, depth]: [Uop<'g>; 3],
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let fragment = product(kernel, rows, columns, depth)?;
    let [m, n, k] = fragment.shape();
    let row = blocks(rows, m, simplifier)? + held_row(rows);
    let column = blocks(columns, n, simplifier)? + held_column(columns);
    let step = blocks(depth, k, simplifier)? + counter(depth, k, Axis::Matrix);
    Some(simplifier.simplify(substitute(kernel, &[(rows, row), (columns, column), (depth, step)])))
}

/// The same for products of four warps: each has a part of the rows, and all columns are computed at once.
pub(super) fn group<'g>(
    kernel: Uop<'g>,
    [rows, columns, depth]: [Uop<'g>; 3],
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let fragment = product(kernel, rows, columns, depth)?;
    let [m, n, k] = fragment.shape();
    let [least, most] = Group::COLUMNS;
    let width = columns.src(0).as_int().map(|width| width as i64);
    let width = width.filter(|width| width % n == 0 && (least..=most).contains(width))?;
    let warp = counter(rows, Group::WARPS, Axis::Thread(WARP_BITS));
    let row = blocks(rows, Group::ROWS, simplifier)? + warp * m + held_row(rows);
    // The lowering knows the two by their order.
    let eight = counter(columns, width / n, Axis::Matrix);
    let column = eight * n + held_column(columns);
    let step = blocks(depth, k, simplifier)? + counter(depth, k, Axis::Matrix);
    Some(simplifier.simplify(substitute(kernel, &[(rows, row), (columns, column), (depth, step)])))
}

/// A counter below `size`.
fn counter(like: Uop<'_>, size: i64, axis: Axis) -> Uop<'_> {
    like.graph().range(like.graph().index(size), axis)
}

/// Where blocks of `by` iterations of `range` begin; `None` if they do not divide it.
fn blocks<'g>(range: Uop<'g>, by: i64, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let Arg::Range(_, axis) = *range.arg() else { return None };
    let count = simplifier.simplify(range.src(0) / by);
    let divides = simplifier.simplify(range.src(0) % by).as_int() == Some(0);
    let outer = || if count.as_int() == Some(1) { range.graph().index(0) } else { range.graph().range(count, axis) };
    divides.then(|| outer() * by)
}

/// The row of an element that a thread holds, of two rows.
fn held_row(rows: Uop<'_>) -> Uop<'_> {
    counter(rows, 2, Axis::Matrix) * 8 + counter(rows, 8, Axis::Thread(2))
}

/// The column of an element that a thread holds, of two columns.
fn held_column(columns: Uop<'_>) -> Uop<'_> {
    counter(columns, 4, Axis::Thread(0)) * 2 + counter(columns, 2, Axis::Matrix)
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
