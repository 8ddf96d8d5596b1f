//! Before: a product for the matrix units of a GPU, of factors whose rows begin anywhere in memory. After, where that pays:
//! one of copies whose rows begin at multiples of 16 bytes, with zeros behind them up to a multiple of [`STEPS`] elements.
//!
//! Factors come into shared memory by copies of 16 bytes; narrower ones take a load and a store for every two bytes, for each
//! tile anew. A copy of a factor moves its bytes once. A sum that is longer by zeros in both factors is the same sum, and
//! needs no conditions.
//!
//! Of f32 the units read elements along the sum only, and cut what should be rounded. Copies of such factors are rounded once,
//! rather than wherever they are loaded, and lie along the sum; the product is then of what the units read of them.
//!
//! Not for sums over several axes, which have other copies (`channels`), nor for windows, which would have more elements than
//! what they are views of, nor where the rows have a length that is known at run time only.

use rustc_hash::FxHashSet;

use super::cost;
use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Arg, Fragment, Op, Uop};
use crate::target::WIDEST;
use crate::view::{ShapeTracker, View};

/// Bytes of the narrowest copy into shared memory that does not go through registers.
const NARROWEST: usize = 4;
/// Steps of a sum that are in shared memory at once: rows and columns of copies are a multiple of it long.
const STEPS: i64 = 64;
/// Products of a large GPU's matrix units that narrow copies of both factors cost, in the time of a byte to or from memory.
pub(super) const BYTE: f64 = 60.0;
/// The same, in the time it takes to start a kernel.
pub(super) const LAUNCH: f64 = 5e8;

/// `sum`, or, where it is such a product, that of copies. What is computed by a reduction, and copied, becomes one of
/// `stored`; what is only rounded is stored so in the first place.
pub(super) fn aligned<'g>(sum: Uop<'g>, stored: &mut FxHashSet<Uop<'g>>) -> Uop<'g> {
    let Some(product) = Product::of(sum) else { return sum };
    let Some(copies) = product.copies().filter(|copies| product.pays(copies)) else { return sum };
    for (factor, copy) in product.factors.iter().zip(copies) {
        let is_view = |copy: &Uop<'g>| copy.op() == Op::Contiguous;
        stored.extend(copy.filter(|copy| !is_view(copy)));
        stored.extend(copy.filter(is_view).map(|_| factor.base).filter(|base| is_reduced(*base)));
    }
    product.of_copies(copies)
}

/// A sum of products of two matrices.
struct Product<'g> {
    sum: Uop<'g>,
    /// The axis that is summed over.
    depth: usize,
    factors: [Factor<'g>; 2],
}

/// A matrix, repeated along the axes that only the other one has.
struct Factor<'g> {
    node: Uop<'g>,
    /// What it is a view of.
    base: Uop<'g>,
    view: View,
    /// Whether that is rounded to TensorFloat-32, rather than of a narrow type.
    is_rounded: bool,
}

/// What each factor is replaced by.
type Copies<'g> = [Option<Uop<'g>>; 2];

impl<'g> Factor<'g> {
    /// `node` as a wider float of a view, of a type that matrix units multiply, or as a view that is rounded for them.
    fn of(node: Uop<'g>) -> Option<Factor<'g>> {
        let (outer, wide) = below(node);
        let is_narrow = |dtype: DType| Fragment::ALL.iter().any(|f| f.factor() == dtype) && dtype.bytes() < NARROWEST;
        let is_rounded = wide.op() == Op::RoundTf32;
        let is_widened = cost::widens(wide) && is_narrow(wide.src(0).dtype());
        if !is_rounded && !is_widened {
            return None;
        }
        let (inner, base) = below(wide.src(0));
        match &inner.compose(&outer).views[..] {
            [view] if view.mask.is_none() => Some(Factor { node, base, view: view.clone(), is_rounded }),
            _ => None,
        }
    }

    fn varies(&self, axis: usize) -> bool {
        !self.view.strides[axis].is(0)
    }

    /// The axes it varies with.
    fn axes(&self) -> impl Iterator<Item = usize> {
        (0..self.view.shape.len()).filter(|axis| self.varies(*axis))
    }

    /// Whether as many elements are whole vectors of the widest access.
    fn is_whole(&self, count: &Dim) -> bool {
        let lanes = (WIDEST / self.base.dtype().bytes()) as i64;
        count.terms().iter().all(|(_, coefficient)| coefficient % lanes == 0)
    }

    /// Whether it has no element of its base twice.
    fn is_distinct(&self) -> bool {
        let sizes: Vec<Dim> = self.axes().map(|axis| self.view.shape[axis].clone()).collect();
        cost::elements(&sizes) <= cost::elements(self.base.shape())
    }

    /// Whether vectors of the widest access along one of `axes` begin at multiples of their size.
    fn is_aligned(&self, axes: &[usize]) -> bool {
        let View { shape, strides, offset, .. } = &self.view;
        let divides = |dim: &Dim| self.is_whole(dim);
        let along = axes.iter().copied().find(|axis| strides[*axis].is(1) && divides(&shape[*axis]));
        let is_start = |axis: usize| Some(axis) == along || divides(&strides[axis]);
        along.is_some() && divides(offset) && self.axes().all(is_start)
    }
}

impl<'g> Product<'g> {
    fn of(sum: Uop<'g>) -> Option<Product<'g>> {
        let Arg::Reduce(Op::Add, axes) = sum.arg() else { return None };
        let source = sum.src(0);
        let mut long = axes.iter().copied().filter(|axis| !source.shape()[*axis].is(1));
        let depth = long.next().filter(|_| long.next().is_none() && source.op() == Op::Mul)?;
        let factors = [Factor::of(source.src(0))?, Factor::of(source.src(1))?];
        let are_alike = factors[0].is_rounded == factors[1].is_rounded;
        let is_matrix = |factor: &Factor| factor.varies(depth) && factor.is_distinct() && are_alike;
        let product = Product { sum, depth, factors };
        let has_own = (0..2).all(|which| !product.own(which).is_empty());
        (product.factors.iter().all(is_matrix) && has_own).then_some(product)
    }

    /// The axes of the result that only this factor varies with.
    fn own(&self, which: usize) -> Vec<usize> {
        self.factors[which].axes().filter(|axis| !self.factors[1 - which].varies(*axis)).collect()
    }

    /// The axes of a factor in the order of its memory, or of that of its copy: those of a batch before those of the matrix, and
    /// the sum last if it is rounded.
    fn order(&self, which: usize) -> Vec<usize> {
        let factor = &self.factors[which];
        let is_batch = |axis: usize| axis != self.depth && self.factors[1 - which].varies(axis);
        let step = |axis: usize| factor.view.strides[axis].known().map_or(i64::MAX, i64::abs);
        let mut axes: Vec<usize> = factor.axes().collect();
        let is_last = |axis: usize| factor.is_rounded && axis == self.depth;
        axes.sort_by_key(|axis| (!is_batch(*axis), is_last(*axis), std::cmp::Reverse(step(*axis))));
        axes
    }

    /// Whether a factor comes into shared memory element by element, or has to be rounded there.
    fn is_narrow(&self, which: usize) -> bool {
        let matrix = [&self.own(which)[..], &[self.depth]].concat();
        self.factors[which].is_rounded || !self.factors[which].is_aligned(&matrix)
    }

    /// Copies of the factors that are not aligned; of both, where that makes the sum longer. `None` if all are, or there is
    /// no such copy.
    fn copies(&self) -> Option<Copies<'g>> {
        let narrow = [0, 1].map(|which| self.is_narrow(which));
        let is_longer = |which: usize| {
            let factor = &self.factors[which];
            self.order(which).last() == Some(&self.depth) && !factor.is_whole(&factor.view.shape[self.depth])
        };
        let both = (0..2).any(|which| narrow[which] && is_longer(which));
        let copy = |which: usize| match narrow[which] || both {
            true => self.copy(which).map(Some),
            false => Some(None),
        };
        narrow.contains(&true).then(|| Some([copy(0)?, copy(1)?]))?
    }

    /// A copy of a factor, with zeros behind its rows and columns; if it only has to be rounded, that. Rows along several axes stay as they are: loops over them
    /// become one.
    fn copy(&self, which: usize) -> Option<Uop<'g>> {
        let (Factor { base, view, is_rounded, .. }, axes, own) =
            (&self.factors[which], self.order(which), self.own(which));
        let is_padded = |axis: usize| axis == self.depth || own == [axis];
        axes.last().filter(|axis| is_padded(**axis) && view.shape[**axis].known().is_some())?;
        let padding = |axis: usize| match view.shape[axis].known() {
            Some(size) if is_padded(axis) => (Dim::ZERO, Dim::from(rounded(size) - size)),
            _ => (Dim::ZERO, Dim::ZERO),
        };
        let of = |dims: &[Dim]| axes.iter().map(|axis| dims[*axis].clone()).collect();
        let matrix = View::new(of(&view.shape), of(&view.strides), view.offset.clone(), None);
        let padded = ShapeTracker::from(matrix.pad(&axes.iter().map(|axis| padding(*axis)).collect::<Vec<_>>()));
        if *is_rounded && padded == ShapeTracker::contiguous(base.shape()) {
            return Some(base.unary(Op::RoundTf32));
        }
        let graph = base.graph();
        let padded = graph.node(Op::View, base.dtype(), &[*base], Arg::View(padded));
        let padded = if *is_rounded { padded.unary(Op::RoundTf32) } else { padded };
        Some(graph.node(Op::Contiguous, base.dtype(), &[padded], Arg::None))
    }

    /// Whether the product of `copies` is faster by more than what they cost.
    fn pays(&self, copies: &Copies<'g>) -> bool {
        let narrow = (0..2).filter(|which| self.is_narrow(*which)).count() as f64 / 2.0;
        let gain = narrow * cost::elements(self.sum.src(0).shape());
        let cost = |copy: &Uop| 2.0 * BYTE * copy.dtype().bytes() as f64 * cost::elements(copy.shape()) + LAUNCH;
        gain > copies.iter().flatten().map(cost).sum()
    }

    /// The same sum over `copies`; over all their steps, if both factors are copied.
    fn of_copies(&self, copies: Copies<'g>) -> Uop<'g> {
        let mut shape = self.sum.src(0).shape().to_vec();
        if let (Some(size), [Some(_), Some(_)]) = (shape[self.depth].known(), &copies) {
            shape[self.depth] = Dim::from(rounded(size));
        }
        let factor = |which: usize| match copies[which] {
            Some(copy) => self.view_of(copy, which, &shape),
            None => self.factors[which].node,
        };
        let product = self.sum.src(0).with_srcs(&[factor(0), factor(1)]);
        self.sum.with_srcs(&[product])
    }

    /// `copy` in place of a factor of a product of `shape`.
    fn view_of(&self, copy: Uop<'g>, which: usize, shape: &[Dim]) -> Uop<'g> {
        let rows = View::contiguous(copy.shape()).strides;
        let mut strides = vec![Dim::ZERO; shape.len()];
        for (axis, stride) in self.order(which).into_iter().zip(rows) {
            strides[axis] = stride;
        }
        let view = View::new(shape.to_vec(), strides, Dim::ZERO, None);
        let Factor { node, is_rounded, .. } = &self.factors[which];
        let wide = if *is_rounded { copy.unary(Op::CutTf32) } else { copy.cast(node.dtype()) };
        copy.graph().node(Op::View, wide.dtype(), &[wide], Arg::View(view.into()))
    }
}

/// The next multiple of [`STEPS`].
fn rounded(size: i64) -> i64 {
    (size + STEPS - 1) / STEPS * STEPS
}

/// What `node` is a view of, and the view.
pub(super) fn below(node: Uop) -> (ShapeTracker, Uop) {
    match node.arg() {
        Arg::View(tracker) => (tracker.clone(), node.src(0)),
        _ => (ShapeTracker::contiguous(node.shape()), node),
    }
}

/// Whether computing `base` takes a reduction.
pub(super) fn is_reduced(base: Uop) -> bool {
    base.op() != Op::Contiguous && base.toposort().into_iter().any(|node| node.op() == Op::ReduceAxis)
}

#[cfg(test)]
mod tests {
    use super::super::views::Views;
    use super::*;
    use crate::dim::Var;
    use crate::interpret::{Array, evaluate};
    use crate::ir::{Graph, Value};
    use crate::target::Device;
    use crate::tensor::{matmul, matmul_tf32, reshaped, shrunk, transpose};

    /// The product of two matrices of `sizes`, or of the second one transposed; of f32, rounded.
    fn product<'g>(graph: &'g Graph, dtype: DType, sizes: [&[Dim]; 2], is_transposed: bool) -> Uop<'g> {
        let [x, w] = sizes.map(|size| graph.buffer(dtype, size.to_vec()));
        let w = if is_transposed { transpose(w, -2, -1).expect("a matrix") } else { w };
        let multiply = if dtype == DType::F32 { matmul_tf32 } else { matmul };
        Views::new(graph, Device::Gpu).fold(multiply(x, w).expect("a product"))
    }

    fn dims(sizes: &[i64]) -> Vec<Dim> {
        sizes.iter().map(|n| Dim::from(*n)).collect()
    }

    /// The shapes of the copies that are made for a product.
    fn copied(dtype: DType, x: &[Dim], w: &[Dim], is_transposed: bool) -> Vec<Vec<Dim>> {
        let graph = Graph::new();
        let nodes = product(&graph, dtype, [x, w], is_transposed).toposort();
        let cut: Vec<_> = nodes.iter().filter(|n| n.op() == Op::CutTf32).map(|n| n.src(0)).collect();
        let is_copy =
            |n: &Uop| cut.contains(n) || n.op() == Op::Contiguous && n.dtype() == dtype && dtype != DType::F32;
        nodes.iter().copied().filter(is_copy).map(|n| n.shape().to_vec()).collect()
    }

    const NONE: [Vec<Dim>; 0] = [];

    fn copies(x: &[i64], w: &[i64]) -> Vec<Vec<Dim>> {
        copied(DType::BF16, &dims(x), &dims(w), false)
    }

    #[test]
    fn factors_are_copied_where_rows_are_not_aligned() {
        let both = vec![dims(&[4032, 4032]); 2];
        assert_eq!(copies(&[4001, 4003], &[4003, 4007]), both);
        assert_eq!(copied(DType::F16, &dims(&[4001, 4003]), &dims(&[4007, 4003]), true), both);
        assert_eq!(copies(&[4096, 4096], &[4096, 4096]), NONE);
        assert_eq!(copies(&[4000, 4000], &[4000, 4000]), NONE);
        assert_eq!(copies(&[4000, 4000], &[4000, 4007]), [dims(&[4032, 4032])]);
        // A longer sum takes zeros in both.
        assert_eq!(copies(&[4096, 4003], &[4003, 4096]), [dims(&[4096, 4032]), dims(&[4032, 4096])]);
    }

    /// Of every second column, a copy; not of the other factor, which the sum fits.
    #[test]
    fn a_factor_without_neighbours_is_copied_alone() {
        let graph = Graph::new();
        let [x, w] = [[4000, 4000, 2], [4000, 4000, 1]].map(|size| graph.buffer(DType::BF16, dims(&size)));
        let part = [4000, 4000, 1].map(|n| (Dim::ZERO, Dim::from(n)));
        let [x, w] = [shrunk(x, part.to_vec()), w].map(|m| reshaped(m, &dims(&[4000, 4000])));
        let nodes = Views::new(&graph, Device::Gpu).fold(matmul(x, w).expect("a product")).toposort();
        let copies: Vec<_> = nodes.into_iter().filter(|n| n.op() == Op::Contiguous).collect();
        assert!(matches!(&copies[..], [copy] if copy.toposort().contains(&x.toposort()[0])), "{copies:?}");
    }

    #[test]
    fn each_matrix_of_a_batch_is_padded() {
        let batch = [dims(&[64, 1024, 1024]), dims(&[64, 1024, 1024])];
        assert_eq!(copies(&[64, 1001, 1003], &[64, 1003, 1005]), batch);
        // Rows along two axes stay one loop.
        assert_eq!(copies(&[64, 101, 1003], &[1003, 1005]), [dims(&[64, 101, 1024]), dims(&[1024, 1024])]);
    }

    #[test]
    fn rows_that_are_not_known_stay_and_are_guessed() {
        let rows = |least| Dim::from(Var::new("N", least, 1 << 20));
        let copied = |least| copied(DType::BF16, &[rows(least), 4003.into()], &dims(&[4003, 4007]), false);
        assert_eq!(copied(1), NONE);
        assert_eq!(copied(4096), [vec![rows(4096), 4032.into()], dims(&[4032, 4032])]);
    }

    #[test]
    fn thin_products_and_those_without_matrix_units_are_not_worth_copies() {
        for m in [1, 16, 100] {
            assert_eq!(copies(&[m, 4003], &[4003, 4007]), NONE, "{m}");
        }
        assert_eq!(copies(&[501, 503], &[503, 507]), NONE);
        let graph = Graph::new();
        let [x, w] = [[4001, 4003], [4003, 4007]].map(|size| graph.buffer(DType::F32, dims(&size)));
        let nodes = Views::new(&graph, Device::Gpu).fold(matmul(x, w).expect("a product")).toposort();
        assert!(nodes.into_iter().all(|n| n.op() != Op::Contiguous));
    }

    /// Copies of rounded factors lie along the sum, whichever way the factors do.
    #[test]
    fn large_rounded_factors_are_rounded_once() {
        let copies =
            |sizes: [[i64; 2]; 2], is_transposed| copied(DType::F32, &dims(&sizes[0]), &dims(&sizes[1]), is_transposed);
        let both = vec![dims(&[4096, 2048]), dims(&[8192, 2048])];
        assert_eq!(copies([[4096, 2048], [2048, 8192]], false), both);
        assert_eq!(copies([[4096, 2048], [8192, 2048]], true), both);
        assert_eq!(copies([[4001, 4003], [4003, 4007]], false), vec![dims(&[4032, 4032]); 2]);
        assert_eq!(copies([[16, 8192], [8192, 8192]], false), NONE);
        assert_eq!(copies([[1024, 1024], [1024, 1024]], false), NONE);
        let graph = Graph::new();
        let sizes = [dims(&[4096, 4096]), dims(&[4096, 4096])];
        let nodes = product(&graph, DType::F32, [&sizes[0], &sizes[1]], false).toposort();
        let count = |op| nodes.iter().filter(|n| n.op() == op).count();
        assert_eq!([count(Op::RoundTf32), count(Op::CutTf32)], [2, 2]);
    }

    #[test]
    fn what_a_reduction_computes_is_stored_before_it_is_copied() {
        let stored = |factor: for<'g> fn(Uop<'g>, Uop<'g>) -> Uop<'g>| {
            let graph = Graph::new();
            let [x, w, v] =
                [[4001, 4003], [4003, 4007], [4007, 4009]].map(|size| graph.buffer(DType::BF16, dims(&size)));
            let mut views = Views::new(&graph, Device::Gpu);
            views.fold(matmul(factor(x, w), v).expect("a product"));
            views.forced().into_iter().map(|node| (node.op(), node.shape().to_vec())).collect::<Vec<_>>()
        };
        let product: for<'g> fn(Uop<'g>, Uop<'g>) -> Uop<'g> = |x, w| -matmul(x, w).expect("a product");
        assert_eq!(stored(product), [(Op::Neg, dims(&[4001, 4007]))]);
        assert_eq!(stored(|_, w| -w), []);
    }

    /// What becomes of a product, whether it pays or not, has the same elements: also where factors are not finite.
    #[test]
    fn products_of_copies_are_the_same() {
        let shapes: [(&[usize], &[usize], bool); 5] = [
            (&[5, 7], &[7, 3], false),
            (&[5, 7], &[3, 7], true),
            (&[2, 5, 7], &[2, 7, 3], false),
            (&[2, 5, 7], &[2, 3, 7], true),
            (&[2, 5, 7], &[7, 3], false),
        ];
        for (dtype, (x, w, is_transposed)) in [DType::BF16, DType::F32].into_iter().flat_map(|d| shapes.map(|s| (d, s)))
        {
            let graph = Graph::new();
            let sizes = [x, w].map(|shape| shape.iter().map(|n| Dim::from(*n as i64)).collect::<Vec<_>>());
            let nodes = product(&graph, dtype, [&sizes[0], &sizes[1]], is_transposed).toposort();
            let sum = nodes.into_iter().find(|n| n.op() == Op::ReduceAxis).expect("a sum");
            let product = Product::of(sum).expect("a product");
            let longer = product.of_copies(product.copies().expect("copies"));
            assert_eq!(longer.src(0).shape()[product.depth], Dim::from(STEPS));
            let inputs = [x, w].map(|shape| filled(dtype, shape));
            let results = evaluate(&[sum, longer], &|n| inputs.get(n as usize).cloned(), &|v| v.min).expect("values");
            assert_eq!(format!("{:?}", results[0].data), format!("{:?}", results[1].data), "{dtype} {x:?} {w:?}");
        }
    }

    /// Small numbers, with one that is not a number and one that is not finite.
    fn filled(dtype: DType, shape: &[usize]) -> Array {
        let mut array = Array::zeros(dtype, shape).expect("a small array");
        array.data.iter_mut().enumerate().for_each(|(i, v)| *v = Value::Float((i % 11) as f64 - 4.0));
        let last = array.data.len() - 1;
        (array.data[2], array.data[last]) = (Value::Float(f64::INFINITY), Value::Float(f64::NAN));
        array
    }
}
