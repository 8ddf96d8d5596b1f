//! Before: a product for the matrix units of a GPU that sums over several axes, as a convolution does over channels and taps,
//! of factors whose channels lie far apart. After, where that pays: one of copies in which channels are neighbours, with the
//! zeros around pictures, and some behind the channels where these are few or odd.
//!
//! A window begins anywhere in a row of a picture, so that its elements come into shared memory one by one, under conditions
//! at the edges. The channels of one place begin at a multiple of their number, whatever window has it, and all are there.
//! A copy moves each element once; there is none of the windows, which are views of it.
//!
//! Only for factors that are one view of a picture, if of a padded one, and not where the whole picture is read anyway.

use rustc_hash::FxHashSet;

use super::aligned::{BYTE, LAUNCH, below, is_reduced};
use super::cost;
use crate::dim::Dim;
use crate::ir::{Arg, Fragment, Op, Uop};
use crate::view::{ShapeTracker, View};

/// Channels are a multiple of the first of these numbers for which that adds at most one to as many as [`SPARE`], or of the
/// last.
const MULTIPLES: [i64; 5] = [64, 32, 16, 8, 4];
const SPARE: i64 = 8;
/// What loading an element by itself under conditions costs, as a part of what it costs without.
const GATHERING: f64 = 2.0;
/// Rows and columns from which the units are used.
const LEAST: f64 = 16.0;

/// `sum`, or, where it is such a product, that of copies. What is computed by a reduction, and copied, becomes one of
/// `stored`.
pub(super) fn channels_last<'g>(sum: Uop<'g>, stored: &mut FxHashSet<Uop<'g>>) -> Uop<'g> {
    let Some(product) = Product::of(sum) else { return sum };
    let copies: Option<Vec<_>> = product.factors.iter().map(|factor| product.copy(factor)).collect();
    let Some((copies, channels)) = copies.filter(|copies| product.pays(copies)).zip(product.channels()) else {
        return sum;
    };
    stored.extend(product.factors.iter().map(|factor| factor.base).filter(|base| is_reduced(*base)));
    product.of_copies(&copies, channels)
}

/// A sum of products over several axes, one of which is that of the channels.
struct Product<'g> {
    sum: Uop<'g>,
    axis: usize,
    factors: [Factor<'g>; 2],
}

/// A view of a picture: of what memory has, perhaps with zeros around it.
struct Factor<'g> {
    /// What the elements of the view are: those of the picture, converted.
    converted: Uop<'g>,
    base: Uop<'g>,
    picture: ShapeTracker,
    shape: Vec<Dim>,
    /// How far each axis of the view moves along each axis of the picture.
    steps: Vec<Vec<i64>>,
    /// Where in the picture it begins.
    start: Vec<i64>,
}

impl<'g> Factor<'g> {
    fn of(node: Uop<'g>) -> Option<Factor<'g>> {
        let (outer, converted) = below(node);
        if !cost::converts(converted) {
            return None;
        }
        let (inner, base) = below(converted.src(0));
        let mut picture = inner.compose(&outer);
        let view = picture.views.pop().filter(|view| view.mask.is_none())?;
        if picture.views.is_empty() {
            picture = ShapeTracker::contiguous(base.shape());
        }
        let rows: Vec<i64> = View::contiguous(picture.shape()).strides.iter().map(Dim::known).collect::<Option<_>>()?;
        let steps = view.strides.iter().map(|stride| digits(stride.known()?, &rows)).collect::<Option<Vec<_>>>()?;
        let start = digits(view.offset.known()?, &rows)?;
        let factor = Factor { converted, base, picture, shape: view.shape, steps, start };
        factor.stays_inside().then(|| factor.without_repeats())
    }

    /// Whether no axis of the picture is left.
    fn stays_inside(&self) -> bool {
        self.picture.shape().iter().enumerate().all(|(along, size)| {
            let moving: Vec<_> = self.moving(along).collect();
            let is_all = matches!(&moving[..], [(axis, 1)] if self.shape[*axis] == *size) && self.start[along] == 0;
            let last = |(axis, by): &(usize, i64)| Some(by * (self.shape[*axis].known()? - 1));
            let reach = moving.iter().map(last).sum::<Option<i64>>().map(|reach| reach + self.start[along]);
            is_all || reach.zip(size.known()).is_some_and(|(reach, size)| reach < size)
        })
    }

    /// The axes that move along an axis of the picture, and by how much.
    fn moving(&self, along: usize) -> impl Iterator<Item = (usize, i64)> {
        let steps = self.steps.iter().enumerate().map(move |(axis, steps)| (axis, steps[along]));
        steps.filter(|(_, by)| *by != 0)
    }

    /// The same view of a picture without axes along which it only repeats itself, as it does for each tap of a window.
    fn without_repeats(mut self) -> Factor<'g> {
        let Some(view) = self.picture.views.last() else { return self };
        let is_repeat = |(axis, (begin, end)): (usize, &(Dim, Dim))| {
            view.strides[axis].is(0) && begin.is(0) && *end == view.shape[axis] && !end.is(1)
        };
        let repeats: Vec<bool> = view.backed().iter().enumerate().map(is_repeat).collect();
        let kept = |(axis, size): (usize, &Dim)| if repeats[axis] { Dim::ONE } else { size.clone() };
        let kept: Vec<_> = view.shape.iter().enumerate().map(|all| (Dim::ZERO, kept(all))).collect();
        for along in (0..repeats.len()).filter(|along| repeats[*along]) {
            self.steps.iter_mut().for_each(|steps| steps[along] = 0);
            self.start[along] = 0;
        }
        self.picture = self.picture.shrink(&kept);
        self
    }

    /// The axis of the picture that `axis` is, or a part of: other axes move from part to part.
    fn channels(&self, axis: usize) -> Option<usize> {
        let mut along = (0..self.start.len()).filter(|along| self.steps[axis][*along] != 0);
        let along = along.next().filter(|first| along.next().is_none() && self.steps[axis][*first] == 1)?;
        let size = self.shape[axis].known()?;
        let is_apart = |(other, by): (usize, i64)| other == axis || by % size == 0;
        (self.start[along] % size == 0 && self.moving(along).all(is_apart)).then_some(along)
    }

    fn varies(&self, axis: usize) -> bool {
        self.steps[axis].iter().any(|by| *by != 0)
    }
}

/// The index of an element in a picture with such rows.
fn digits(offset: i64, rows: &[i64]) -> Option<Vec<i64>> {
    let mut rest = offset;
    let digit = |row: &i64| {
        let (digit, left) = if *row == 0 { (0, rest) } else { (rest / row, rest % row) };
        rest = left;
        digit
    };
    (offset >= 0).then(|| rows.iter().map(digit).collect())
}

/// The next multiple of `multiple`.
fn rounded(size: i64, multiple: i64) -> i64 {
    (size + multiple - 1) / multiple * multiple
}

impl<'g> Product<'g> {
    fn of(sum: Uop<'g>) -> Option<Product<'g>> {
        let Arg::Reduce(Op::Add, axes) = sum.arg() else { return None };
        let source = sum.src(0);
        let long: Vec<usize> = axes.iter().copied().filter(|axis| !source.shape()[*axis].is(1)).collect();
        if long.len() < 2 || source.op() != Op::Mul {
            return None;
        }
        let factors = [Factor::of(source.src(0))?, Factor::of(source.src(1))?];
        let [unit, other] = factors.each_ref().map(|factor| Fragment::of(factor.converted).map(|(unit, _)| unit));
        let are_channels = |axis: &usize| factors.iter().all(|factor| factor.channels(*axis).is_some());
        let axis = long.into_iter().filter(are_channels).max_by_key(|axis| source.shape()[*axis].known())?;
        let product = Product { sum, axis, factors };
        let is_large = (0..2).all(|which| product.own(which) >= LEAST);
        (unit.is_some() && unit == other && is_large && product.channels().is_some()).then_some(product)
    }

    /// Elements along the axes of the result that only this factor varies with.
    fn own(&self, which: usize) -> f64 {
        let is_own = |axis: &usize| self.factors[which].varies(*axis) && !self.factors[1 - which].varies(*axis);
        let shape = &self.factors[which].shape;
        cost::elements(&(0..shape.len()).filter(is_own).map(|axis| shape[axis].clone()).collect::<Vec<_>>())
    }

    /// The channels that copies have; none if they cannot begin at multiples of an access.
    fn channels(&self) -> Option<i64> {
        let size = self.factors[0].shape[self.axis].known()?;
        let are_all = self.factors.iter().all(|factor| {
            let along = factor.channels(self.axis);
            along.is_some_and(|along| factor.picture.shape()[along].is(size))
        });
        let is_few = |multiple: &i64| (rounded(size, *multiple) - size) * SPARE <= size;
        let multiple = MULTIPLES.into_iter().find(is_few).unwrap_or(MULTIPLES[4]);
        (are_all || size % multiple == 0).then(|| rounded(size, multiple))
    }

    /// The picture of a factor with its channels last.
    fn copy(&self, factor: &Factor<'g>) -> Option<Copy<'g>> {
        let (along, size) = (factor.channels(self.axis)?, factor.shape[self.axis].known()?);
        let others = (0..factor.start.len()).filter(|axis| *axis != along);
        let order: Vec<usize> = others.chain([along]).collect();
        let mut behind = vec![(Dim::ZERO, Dim::ZERO); order.len()];
        behind[along] = (Dim::ZERO, Dim::from(self.channels()? - size));
        let picture = factor.picture.pad(&behind).permute(&order);
        let (graph, dtype) = (factor.base.graph(), factor.base.dtype());
        let rows = View::contiguous(picture.shape()).strides;
        let is_there = factor.base.op() == Op::Buffer && picture.is_contiguous();
        let view = || graph.node(Op::View, dtype, &[factor.base], Arg::View(picture.clone()));
        let node = if is_there { factor.base } else { graph.node(Op::Contiguous, dtype, &[view()], Arg::None) };
        let mut steps = vec![Dim::ZERO; order.len()];
        order.into_iter().zip(rows).for_each(|(axis, row)| steps[axis] = row);
        Some(Copy { node, steps })
    }

    /// Whether the product of `copies` is faster by more than what they cost. Nothing is gained where they are what memory
    /// has.
    fn pays(&self, copies: &[Copy<'g>]) -> bool {
        let new: Vec<_> = copies.iter().map(|copy| copy.node).filter(|node| node.op() == Op::Contiguous).collect();
        let cost = |copy: &Uop| 2.0 * BYTE * copy.dtype().bytes() as f64 * cost::elements(copy.shape()) + LAUNCH;
        !new.is_empty() && GATHERING * cost::elements(self.sum.src(0).shape()) > new.iter().map(cost).sum()
    }

    /// The same sum over `copies`, and over the zeros behind their channels.
    fn of_copies(&self, copies: &[Copy<'g>], channels: i64) -> Uop<'g> {
        let factor = |which: usize| self.view_of(&copies[which], &self.factors[which], channels);
        let product = self.sum.src(0).with_srcs(&[factor(0), factor(1)]);
        self.sum.with_srcs(&[product])
    }

    /// `copy` in place of a factor.
    fn view_of(&self, copy: &Copy<'g>, factor: &Factor<'g>, channels: i64) -> Uop<'g> {
        let mut shape = factor.shape.clone();
        shape[self.axis] = Dim::from(channels);
        let place = |digits: &Vec<i64>| {
            let moved = digits.iter().zip(&copy.steps).map(|(by, step)| &Dim::from(*by) * step);
            moved.fold(Dim::ZERO, |sum, moved| &sum + &moved)
        };
        let view = View::new(shape, factor.steps.iter().map(place).collect(), place(&factor.start), None);
        let source = factor.converted.with_srcs(&[copy.node]);
        source.graph().node(Op::View, source.dtype(), &[source], Arg::View(view.into()))
    }
}

/// A copy of a picture.
struct Copy<'g> {
    node: Uop<'g>,
    /// How far apart neighbours along each axis of the picture are in it.
    steps: Vec<Dim>,
}

#[cfg(test)]
mod tests {
    use super::super::views::Views;
    use super::*;
    use crate::dim::Var;
    use crate::dtype::DType;
    use crate::interpret::{Array, evaluate};
    use crate::ir::{Graph, Value};
    use crate::target::Device;
    use crate::tensor::{Each, conv2d, round_tf32};

    /// Sizes of a convolution: of x, of the weights, stride, padding, dilation and groups.
    type Sizes = ([i64; 4], [i64; 4], [i64; 4]);

    fn convolution<'g>(
        graph: &'g Graph,
        dtype: DType,
        (x, w, [stride, padding, dilation, groups]): Sizes,
    ) -> [Uop<'g>; 3] {
        let size = |n: i64| if n == 0 { Dim::from(Var::new("N", 4096, 1 << 20)) } else { Dim::from(n) };
        let [x, w] = [x, w].map(|sizes| graph.buffer(dtype, sizes.map(size).to_vec()));
        let of = |x: Uop<'g>| if dtype == DType::F32 { round_tf32(x).expect("floats") } else { x };
        let each = |n| Some(Each(vec![n]));
        let y = conv2d(of(x), of(w), None, each(stride), each(padding), each(dilation), Some(groups));
        [x, w, y.expect("a convolution")]
    }

    /// The shapes of the copies that are made for a convolution.
    fn copied(dtype: DType, sizes: Sizes) -> Vec<Vec<Dim>> {
        let graph = Graph::new();
        let [.., y] = convolution(&graph, dtype, sizes);
        let nodes = Views::new(&graph, Device::Gpu).fold(y).toposort();
        nodes.into_iter().filter(|n| n.op() == Op::Contiguous).map(|n| long(n.shape())).collect()
    }

    /// Sizes without those that are 1.
    fn long(shape: &[Dim]) -> Vec<Dim> {
        shape.iter().filter(|size| !size.is(1)).cloned().collect()
    }

    fn dims(sizes: &[i64]) -> Vec<Dim> {
        sizes.iter().map(|n| Dim::from(*n)).collect()
    }

    const NONE: [Vec<Dim>; 0] = [];
    const PLAIN: [i64; 4] = [1, 1, 1, 1];
    const LARGE: Sizes = ([32, 64, 56, 56], [64, 64, 3, 3], PLAIN);

    #[test]
    fn pictures_are_copied_with_channels_last_and_zeros_around() {
        assert_eq!(copied(DType::BF16, LARGE), [dims(&[32, 58, 58, 64]), dims(&[64, 3, 3, 64])]);
        assert_eq!(copied(DType::F32, LARGE), [dims(&[32, 58, 58, 64]), dims(&[64, 3, 3, 64])]);
        // Few channels become some more.
        let few = ([32, 3, 224, 224], [64, 3, 7, 7], [2, 3, 1, 1]);
        assert_eq!(copied(DType::F16, few), [dims(&[32, 230, 230, 4]), dims(&[64, 7, 7, 4])]);
        let groups = ([32, 128, 56, 56], [128, 64, 3, 3], [1, 1, 1, 2]);
        assert_eq!(copied(DType::BF16, groups), [dims(&[32, 2, 58, 58, 64]), dims(&[128, 3, 3, 64])]);
        let batch = ([0, 64, 56, 56], [64, 64, 3, 3], PLAIN);
        let n = Dim::from(Var::new("N", 4096, 1 << 20));
        assert_eq!(copied(DType::BF16, batch)[0], [vec![n], dims(&[58, 58, 64])].concat());
    }

    #[test]
    fn small_convolutions_and_those_without_units_have_no_copies() {
        assert_eq!(copied(DType::BF16, ([1, 64, 14, 14], [64, 64, 3, 3], PLAIN)), NONE);
        assert_eq!(copied(DType::F64, LARGE), NONE);
        // A group for each channel has nothing to sum over but its taps.
        assert_eq!(copied(DType::BF16, ([32, 512, 56, 56], [512, 1, 3, 3], [1, 1, 1, 512])), NONE);
    }

    /// `sum` over copies, whether that pays or not.
    fn of_copies(sum: Uop) -> Option<Uop> {
        let product = Product::of(sum)?;
        let copies: Vec<_> = product.factors.iter().map(|factor| product.copy(factor)).collect::<Option<_>>()?;
        Some(product.of_copies(&copies, product.channels()?))
    }

    #[test]
    fn sums_over_copies_are_the_same_sums() {
        let cases: [Sizes; 6] = [
            ([2, 3, 5, 6], [16, 3, 3, 3], PLAIN),
            ([1, 5, 9, 8], [16, 5, 3, 2], [2, 0, 1, 1]),
            ([1, 3, 11, 7], [16, 3, 7, 5], [2, 3, 1, 1]),
            ([1, 4, 9, 9], [17, 4, 3, 3], [1, 2, 2, 1]),
            ([2, 8, 4, 5], [32, 4, 3, 3], [1, 1, 1, 2]),
            ([2, 3, 8, 8], [16, 3, 2, 2], [3, 0, 1, 1]),
        ];
        for sizes in cases {
            let graph = Graph::new();
            let [x, w, y] = convolution(&graph, DType::BF16, sizes);
            let folded = Views::new(&graph, Device::Gpu).fold(y);
            let sums = folded.toposort().into_iter().filter(|n| n.op() == Op::ReduceAxis);
            let sum = sums.last().expect("a sum");
            let copied = of_copies(sum).unwrap_or_else(|| panic!("{sizes:?} has no copies"));
            let array = |of: Uop| {
                let shape: Vec<usize> = of.shape().iter().map(|n| n.known().expect("a size") as usize).collect();
                let values = (0..shape.iter().product::<usize>()).map(|i| ((i * 37) % 101) as f64 - 50.0);
                Array::from_f64(DType::BF16, &shape, &values.collect::<Vec<_>>()).expect("floats")
            };
            let (arrays, number) = ([array(x), array(w)], |of: Uop| match of.arg() {
                Arg::Buffer(n, _) => *n,
                arg => panic!("{arg:?} is no buffer"),
            });
            let given = |n: u32| arrays.get(usize::from(n == number(w))).cloned();
            let results = evaluate(&[sum, copied], &given, &|v| v.min).expect("sums");
            assert_eq!(results[0].data, results[1].data, "{sizes:?}");
            assert!(results[0].data.iter().any(|v| *v != Value::Float(0.0)));
        }
    }
}
