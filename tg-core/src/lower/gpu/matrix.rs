//! Before: sums over Matrix ranges, each a thread's own. After: none; the threads of a warp compute their sums together, by
//! WMMA, or those of four warps by WGMMA ([`super::group`]).
//!
//! A thread's counters `h` and `l` are the bits of its number in the warp. Of the factors it holds what [`Fragment`] says,
//! which are the same expressions for other rows, columns and steps. A sum whose threads are not those of a warp is left
//! to each of them.

use super::group::Warps;
use crate::dtype::{DType, Space};
use crate::ir::{Arg, Axis, Fragment, Held, Op, Uop};
use crate::loops::{Digits, stride, substitute, terms};
use crate::optimize::factors;
use crate::symbolic::Simplifier;

pub fn matrix<'g>(kernel: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let mut kernel = kernel;
    while let Some(sum) =
        kernel.toposort().into_iter().find(|n| n.op() == Op::Reduce && n.srcs().skip(1).any(is_matrix))
    {
        let of_group = Warps::of(kernel, sum, simplifier).map(|warps| warps.sum(sum));
        let together = of_group.or_else(|| Warp::of(kernel, sum).and_then(|warp| warp.sum(sum, simplifier)));
        let alone = || {
            let depth: Vec<_> = sum.srcs().skip(1).filter(|r| is_matrix(*r)).collect();
            changed(sum, &depth, Axis::Reduce)
        };
        kernel = kernel.replace(sum, together.unwrap_or_else(alone));
    }
    let elements: Vec<_> = kernel.toposort().into_iter().filter(|n| is_matrix(*n)).collect();
    // Those of a row are neighbours, and come last.
    let (last, others) =
        elements.split_last().map_or((&[][..], &[][..]), |(last, others)| (std::slice::from_ref(last), others));
    let axis = if last.iter().all(|range| is_stored_together(kernel, *range)) { Axis::Lane } else { Axis::Unroll };
    simplifier.simplify(changed(changed(kernel, last, axis), others, Axis::Unroll))
}

/// Whether neighbours along `range` are stored to neighbouring places, all or none.
fn is_stored_together<'g>(kernel: Uop<'g>, range: Uop<'g>) -> bool {
    let is_over = |n: &Uop<'g>| n.op() == Op::Store && n.srcs().skip(2).any(|r| r == range);
    let mut stores = kernel.toposort().into_iter().filter(is_over).map(|store| store.src(0)).peekable();
    stores.peek().is_some()
        && stores.all(|index| {
            stride(index.src(1), range) == Some(1) && index.srcs().nth(2).is_none_or(|valid| !valid.depends_on(range))
        })
}

pub(super) fn is_matrix(range: Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Matrix))
}

/// `node` with `ranges` of another kind.
fn changed<'g>(node: Uop<'g>, ranges: &[Uop<'g>], axis: Axis) -> Uop<'g> {
    let pairs: Vec<_> = ranges.iter().map(|r| (*r, r.graph().range(r.src(0), axis))).collect();
    if pairs.is_empty() { node } else { substitute(node, &pairs) }
}

/// The counters of a product in fragments.
struct Warp<'g> {
    fragment: Fragment,
    /// The bits of the thread's number in its warp: the upper three, and the lower two.
    h: Uop<'g>,
    l: Uop<'g>,
    /// Which of the elements that a thread holds: in rows, in columns.
    row: Uop<'g>,
    column: Uop<'g>,
    depth: Uop<'g>,
    /// The factors, before they are converted to f32, rounded or cut.
    left: Uop<'g>,
    right: Uop<'g>,
    /// Whether they have to be rounded.
    rounded: [bool; 2],
}

impl<'g> Warp<'g> {
    fn of(kernel: Uop<'g>, sum: Uop<'g>) -> Option<Warp<'g>> {
        let digits = Digits::of(kernel);
        let product = sum.src(0);
        let with = |mask: u32| product.ranges().find(|r| digits.mask(*r) == mask);
        let (h, l) = (with(0b11100)?, with(0b00011)?);
        let (left, right) = factors(product, h, l)?;
        let depth = sum.srcs().skip(1).find(|r| is_matrix(*r))?;
        let elements = |factor: Uop<'g>| factor.ranges().filter(|r| is_matrix(*r) && *r != depth).collect::<Vec<_>>();
        let ([row], [column]) = (&elements(left)[..], &elements(right)[..]) else { return None };
        let (row, column) = (*row, *column);
        let rounded = [left, right].map(|factor| factor.op() == Op::RoundTf32);
        let ((fragment, left), (_, right)) = (Fragment::of(left)?, Fragment::of(right)?);
        Some(Warp { fragment, h, l, row, column, depth, left, right, rounded })
    }

    fn sum(&self, sum: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
        let graph = sum.graph();
        let [left, right, result] = self.fragment.held();
        let [of_left, of_right, of_result] = self.fragment.dtypes();
        let shared = [self.rows_of_left(simplifier), self.rows_of_right(simplifier)];
        let mut each = |held: &Held, element: &dyn Fn(i64, Uop<'g>) -> Uop<'g>| -> Vec<_> {
            let at = |(row, column): &(i64, i64)| element(*row, self.l * held.step + *column);
            held.places.iter().map(|place| simplifier.simplify(at(place))).collect()
        };
        let a =
            each(&left, &|row, step| substitute(self.left, &[(self.row, graph.index(row / 8)), (self.depth, step)]));
        let b = each(&right, &|_, step| {
            substitute(self.right, &[(self.l, self.h / 2), (self.column, self.h % 2), (self.depth, step)])
        });
        let a = shared[0].unwrap_or_else(|| joined(a, of_left, simplifier));
        let b = shared[1].unwrap_or_else(|| joined(b, of_right, simplifier));
        let zero = graph.constant(of_result, 0.0);
        let taken = |value: Uop<'g>, which: usize| if self.rounded[which] { value.unary(Op::RoundTf32) } else { value };
        let (a, b) = (taken(a, 0), taken(b, 1));
        let product = graph.node(Op::Wmma, of_result, &[a, b, zero], Arg::Fragment(self.fragment));
        let others: Vec<_> = sum.srcs().skip(1).filter(|r| *r != self.depth).collect();
        let all = product.reduce(Op::Add, &others);
        let of = |(row, column): &(i64, i64)| self.row.equals(row / 8) & self.column.equals(*column);
        let elements = result.places.iter().enumerate().rev().map(|(i, place)| (of(place), all.lane(i as u32)));
        elements
            .reduce(|(rest, other), (holds, element)| (rest, holds.choose(element, other)))
            .map(|(_, element)| element)
    }
}

/// Bytes that a thread holds of each matrix that a warp loads.
const HELD_BYTES: usize = 4;

/// Matrices in shared memory are loaded by the warp, if their rows lie in one piece, or their columns, of 16-bit elements.
impl<'g> Warp<'g> {
    fn rows_of_left(&self, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
        let at = |row: Uop<'g>, block: Uop<'g>, column| {
            [(self.h, row), (self.row, block / 8), (self.depth, column)].to_vec()
        };
        self.loaded(self.left, self.h, 0, &at, simplifier)
    }

    fn rows_of_right(&self, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
        let at = |row: Uop<'g>, _, column| [(self.l, row / 2), (self.column, row % 2), (self.depth, column)].to_vec();
        self.loaded(self.right, self.column, 1, &at, simplifier)
    }

    /// The factor `which`, the load `factor`, as matrices: `place` says which counters stand for a row within eight, the
    /// first row of a matrix, and a column; `along` is a counter that moves with the row.
    fn loaded(
        &self,
        factor: Uop<'g>,
        along: Uop<'g>,
        which: usize,
        place: &dyn Fn(Uop<'g>, Uop<'g>, Uop<'g>) -> Vec<(Uop<'g>, Uop<'g>)>,
        simplifier: &mut Simplifier<'g>,
    ) -> Option<Uop<'g>> {
        let is_shared = factor.op() == Op::Load && factor.src(0).dtype().space == Some(Space::Local);
        if !is_shared || factor.src(0).arity() > 2 {
            return None;
        }
        let (index, each) = (factor.src(0), HELD_BYTES / factor.dtype().bytes());
        let by_columns = match (stride(index.src(1), self.depth), stride(index.src(1), along)) {
            (Some(1), _) => false,
            (_, Some(1)) if each > 1 => true,
            _ => return None,
        };
        let places: Vec<_> = self.fragment.held()[which].places.iter().step_by(each).collect();
        let lane = self.h * 4 + self.l;
        let (matrix, row) = (lane / 8 % places.len() as i64, lane % 8);
        let bits = (0..places.len().trailing_zeros()).map(|bit| (matrix / (1i64 << bit) % 2, places[1 << bit]));
        let zero = lane.like(0i64);
        let (block, column) =
            bits.fold((zero, zero), |(block, column), (bit, (r, c))| (block + bit * *r, column + bit * *c));
        let pairs = if by_columns { place(zero, block, column + row) } else { place(row, block, column) };
        let address = simplifier.simplify(substitute(index, &pairs));
        let count = places.len() as u32;
        let dtype = factor.dtype().vec(places.len() as u16 * each as u16);
        Some(index.graph().node(Op::LoadMatrix, dtype, &[address], Arg::Matrices(count, by_columns)))
    }
}

/// A vector of `values`. Those that are neighbours in memory, under one condition, are loaded together; those without a
/// condition later, with others beside them ([`super::wide`]).
fn joined<'g>(values: Vec<Uop<'g>>, dtype: DType, simplifier: &mut Simplifier<'g>) -> Uop<'g> {
    let pairs = values.chunks(2).map(|pair| match pair {
        [a, b] if are_neighbours(*a, *b, simplifier) => {
            a.graph().node(Op::Load, a.dtype().vec(2), &a.srcs().collect::<Vec<_>>(), Arg::None)
        }
        _ => a_vector(pair),
    });
    a_vector_of(&pairs.collect::<Vec<_>>(), dtype)
}

fn a_vector<'g>(values: &[Uop<'g>]) -> Uop<'g> {
    a_vector_of(values, values[0].dtype().vec(values.len() as u16))
}

fn a_vector_of<'g>(values: &[Uop<'g>], dtype: DType) -> Uop<'g> {
    values[0].graph().node(Op::Vectorize, dtype, values, Arg::None)
}

/// Whether `b` is loaded from behind `a`, wherever `a` is.
fn are_neighbours<'g>(a: Uop<'g>, b: Uop<'g>, simplifier: &mut Simplifier<'g>) -> bool {
    let is_guarded = |n: Uop<'g>| n.op() == Op::Load && n.src(0).arity() > 2;
    if !is_guarded(a) || !is_guarded(b) || a.src(0).src(0) != b.src(0).src(0) {
        return false;
    }
    let same_condition = a.src(0).srcs().nth(2) == b.src(0).srcs().nth(2) && a.srcs().nth(1) == b.srcs().nth(1);
    same_condition && simplifier.simplify(b.src(0).src(1) - a.src(0).src(1)).as_int() == Some(1)
}

/// What was loaded as the factor `factor` of a WMMA: that, or what is rounded to it.
pub fn loaded(factor: Uop<'_>) -> Uop<'_> {
    if factor.op() == Op::RoundTf32 { factor.src(0) } else { factor }
}

/// Whether `value` is a sum of products that begin with 0.
pub fn is_sum_of_products(value: Uop) -> bool {
    terms(value).iter().all(|n| matches!(n.op(), Op::Wmma | Op::Wgmma) && n.src(2).as_const().is_some())
}

/// Whether `value` is a sum of products of two floats.
pub fn is_sum_of_factors(value: Uop) -> bool {
    terms(value).iter().all(|n| n.op() == Op::Mul && n.dtype().is_float())
}

/// `acc + value` with the products of `value`, if it is a sum of such, added to `acc` one by one.
pub fn accumulated<'g>(acc: Uop<'g>, value: Uop<'g>) -> Option<Uop<'g>> {
    let mut products = terms(value);
    // Those of one step are added to all sums at the same time.
    products.sort_unstable();
    if is_sum_of_factors(value) && products.len() > 1 {
        return Some(products.into_iter().fold(acc, |sum, product| sum + product));
    }
    let add = |sum, product: &Uop<'g>| product.with_srcs(&[product.src(0), product.src(1), sum]);
    is_sum_of_products(value).then(|| products.iter().fold(acc, add))
}
