//! Sums over Matrix ranges by four warps together, whose factors lie in swizzled shared memory: WGMMA.
//!
//! A thread's counters are those of a fragment ([`super::matrix`]), the number of its warp in the group, and that of eight
//! columns. Of the factors only the addresses are left; that they lie as a [`Group`] says is read off the index of each,
//! counter by counter.

use super::matrix::is_matrix;
use super::root;
use crate::ir::{Arg, Arrangement, Fragment, Group, Op, ROW, Rows, SWIZZLED, Uop};
use crate::loops::{Digits, substitute};
use crate::optimize::factors;
use crate::symbolic::Simplifier;

/// A counter of a factor, and how far its steps go along the rows or columns, and along the sum.
type Counter<'g> = (Uop<'g>, [i64; 2]);

/// The counters of a product of four warps.
pub(super) struct Warps<'g> {
    group: Group,
    /// Where the factors begin.
    beginnings: [Uop<'g>; 2],
    /// Which of the elements that a thread holds: of two rows, of eights of columns, of two columns.
    row: Uop<'g>,
    eight: Uop<'g>,
    column: Uop<'g>,
    depth: Uop<'g>,
}

impl<'g> Warps<'g> {
    /// Those of `sum`, if its factors lie as they must.
    pub fn of(kernel: Uop<'g>, sum: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Warps<'g>> {
        let (digits, product) = (Digits::of(kernel), sum.src(0));
        let with = |mask: u32| product.ranges().find(|r| digits.mask(*r) == mask);
        let (h, l, warp) = (with(0b11100)?, with(0b00011)?, with(0b1100000)?);
        let (left, right) = factors(product, h, l)?;
        let depth = sum.srcs().skip(1).find(|r| is_matrix(*r))?;
        let elements = |factor: Uop<'g>| factor.ranges().filter(|r| is_matrix(*r) && *r != depth).collect::<Vec<_>>();
        // The action makes them in this order.
        let ([row], [eight, column]) = (&elements(left)[..], &elements(right)[..]) else { return None };
        let [(fragment, left), (other, right)] = [factor_of(left)?, factor_of(right)?];
        let of_left = vec![(h, [1, 0]), (*row, [8, 0]), (warp, [16, 0]), (depth, [0, 1])];
        let of_right = vec![(*column, [1, 0]), (l, [2, 0]), (*eight, [8, 0]), (depth, [0, 1])];
        let (left, right) = (Factor { index: left, counters: of_left }, Factor { index: right, counters: of_right });
        let lie = [left.rows(fragment, simplifier)?, right.rows(fragment, simplifier)?];
        let group = Group { fragment, columns: (eight.src(0).as_int()? * 8) as u16, factors: lie };
        let beginnings = [left.beginning(0, group, simplifier)?, right.beginning(1, group, simplifier)?];
        let is_possible = fragment == other && group.is_possible();
        is_possible.then_some(Warps { group, beginnings, row: *row, eight: *eight, column: *column, depth })
    }

    /// This thread's element of `sum`.
    pub fn sum(&self, sum: Uop<'g>) -> Uop<'g> {
        let graph = sum.graph();
        let zero = graph.constant(self.group.held(), 0.0);
        let [left, right] = self.beginnings;
        let product = graph.node(Op::Wgmma, self.group.held(), &[left, right, zero], Arg::Group(self.group));
        let others: Vec<_> = sum.srcs().skip(1).filter(|r| *r != self.depth).collect();
        let all = product.reduce(Op::Add, &others);
        let element = |row: i64, eight: i64| chosen(self.column, &|column| all.lane(Group::lane(row, eight, column)));
        chosen(self.eight, &|eight| chosen(self.row, &|row| element(row, eight)))
    }
}

/// What `of` has for the value of `counter`.
fn chosen<'g>(counter: Uop<'g>, of: &dyn Fn(i64) -> Uop<'g>) -> Uop<'g> {
    let last = counter.vmax() as i64;
    (0..last).rev().fold(of(last), |rest, value| counter.equals(value).choose(of(value), rest))
}

/// What `factor` is of, and the INDEX it is loaded from as the units take it, if that is into swizzled shared memory.
fn factor_of(factor: Uop) -> Option<(Fragment, Uop)> {
    let (fragment, load) = Fragment::of(factor).filter(|_| factor.op() != Op::RoundTf32)?;
    let is_swizzled = |index: Uop| matches!(root(index).arg(), Arg::Local(.., Arrangement::Swizzled));
    (load.op() == Op::Load && load.src(0).arity() == 2 && is_swizzled(load.src(0))).then(|| (fragment, load.src(0)))
}

/// A factor in shared memory.
struct Factor<'g> {
    /// Where its elements are.
    index: Uop<'g>,
    /// The counters that tell them apart, that of the sum last.
    counters: Vec<Counter<'g>>,
}

impl<'g> Factor<'g> {
    /// Which way its rows lie, and how far its panels are apart.
    fn rows(&self, fragment: Fragment, simplifier: &mut Simplifier<'g>) -> Option<Rows> {
        let (depth, _) = *self.counters.last()?;
        if self.apart(depth, 1, simplifier)? == 1 {
            return Some(Rows::Along);
        }
        let bytes = fragment.factor().bytes() as i64;
        let panel = ROW as i64 / bytes;
        let is_beyond = |(counter, [along, _]): &&Counter<'g>| counter.vmax() as i64 * along >= panel;
        let Some((counter, [along, _])) = self.counters.iter().find(is_beyond) else { return Some(Rows::Across(0)) };
        let elements = self.apart(*counter, panel / along, simplifier)?;
        u32::try_from(elements * bytes).ok().map(Rows::Across)
    }

    /// Where it begins, if all of it lies from there on as the factor `which` of `group`.
    fn beginning(&self, which: usize, group: Group, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
        for (counter, [along, step]) in &self.counters {
            for value in 1..=counter.vmax() as i64 {
                let expected = group.place(which, along * value, step * value);
                self.apart(*counter, value, simplifier).filter(|apart| *apart == expected)?;
            }
        }
        let zeros: Vec<_> = self.counters.iter().map(|(counter, _)| (*counter, counter.like(0i64))).collect();
        let place = simplifier.simplify(substitute(self.index.src(1), &zeros));
        let bytes = group.fragment.factor().bytes();
        let within = simplifier.simplify(place % (SWIZZLED / bytes) as i64);
        (within.vmin() >= 0 && within.vmax() <= group.room(which).into())
            .then(|| self.index.src(0).element(place, None))
    }

    /// How many elements apart it is for `counter` = `value` and for 0, if that is the same wherever the others are.
    fn apart(&self, counter: Uop<'g>, value: i64, simplifier: &mut Simplifier<'g>) -> Option<i64> {
        let at = |value: i64| substitute(self.index.src(1), &[(counter, counter.like(value))]);
        simplifier.simplify(at(value) - at(0)).as_int().map(|apart| apart as i64)
    }
}
