//! Before: a reduction of many elements to few results. After: one in parts, which are stored, and one that combines them.
//!
//! `Σ x` over n elements is `Σ_p Σ_m x[p*M + m]` for `PARTS` parts of `M = n / PARTS` elements, and what is left over.
//! Parts are results, so threads share them, and several of them are read at once, each in the order of its memory.

use crate::dim::Dim;
use crate::ir::{Arg, Class, Op, Uop};
use crate::target::Device;
use crate::tensor::{permuted, reduced, reshaped, shrunk};

/// Parts of a reduction on a processor.
const PARTS: i64 = 64;
/// Those of a sum of products over a batch, at most.
const PARTS_OF_BATCH: i64 = 8;
/// Products that such a part has at least for each result.
const WORTH_OF_BATCH: i64 = 256;
/// Bytes of all such parts, at most.
const STORED: i64 = 5 << 18;
/// Rows and columns of the results that a block of threads of a GPU computes at once of a product, at most.
const TILE: i64 = 64;
/// Blocks that fill a large GPU, and how many are enough to leave a product as it is.
const BUSY: i64 = 264;
const ENOUGH: i64 = 100;
/// Elements of a part on a GPU, at least, where each result has threads of its own.
const WORTH: i64 = 1 << 14;
/// The same for products, in which a thread has many results.
const WORTH_OF_PRODUCT: i64 = 256;
/// Parts that are worth the kernel that combines them.
const LEAST: i64 = 4;
/// Elements of a reduction, from which parts pay for the kernel that combines them.
const MANY: i64 = 1 << 17;
/// Results up to which threads do not have enough to share.
const FEW: i64 = 8;
/// Bytes of an element from which a sum loses nothing by being stored in between.
const EXACT: usize = 4;

/// `node`, or, where it is such a reduction, what it is made of.
pub(super) fn in_parts(node: Uop, device: Device) -> Uop {
    split(node, device).unwrap_or(node)
}

/// How many parts a reduction of `many` elements to each of `few` results has.
fn parts(source: Uop, axes: &[usize], (many, few): (i64, i64), device: Device) -> Option<i64> {
    if device == Device::Cpu {
        let are_few = many >= MANY && few <= FEW;
        return if are_few { Some(PARTS) } else { parts_of_batch(source, axes, (many, few)) };
    }
    let (results, enough, worth) = match tile(source) {
        Some(results) => (results, ENOUGH, WORTH_OF_PRODUCT),
        None => (1, BUSY, WORTH),
    };
    let blocks = (few / results).max(1);
    let parts = (2 * BUSY / blocks).min(many / worth);
    (blocks < enough && parts >= LEAST).then(|| 1 << parts.ilog2())
}

/// The same for products that are summed over a batch and, with axes of results between, over positions: the gradient by the
/// weights of a convolution, say. A thread then puts the operands of its own parts in order, and not those of all. Where the axes
/// are neighbours, the sum is that of a product of matrices, whose rows are in order.
fn parts_of_batch(source: Uop, axes: &[usize], (many, few): (i64, i64)) -> Option<i64> {
    let sizes: Vec<i64> = source.shape().iter().map(Dim::known).collect::<Option<_>>()?;
    let mut long = (0..sizes.len()).filter(|axis| sizes[*axis] > 1);
    let batch = long.next().filter(|batch| axes.contains(batch))?;
    let are_positions_behind = long.skip_while(|axis| axes.contains(axis)).any(|axis| axes.contains(&axis));
    if tile(source).is_none() || !are_positions_behind {
        return None;
    }
    let is_worth =
        |parts: &i64| sizes[batch] % parts == 0 && many / parts >= WORTH_OF_BATCH && few * 4 * parts <= STORED;
    [PARTS_OF_BATCH, PARTS_OF_BATCH / 2].into_iter().find(is_worth)
}

/// How many results a block computes at once, if elements of `source` are products in which a factor takes part several
/// times: each factor as often as there are results along the other.
fn tile(source: Uop) -> Option<i64> {
    let is_product = source.op() == Op::Mul && source.srcs().any(|factor| factor.op() == Op::Expand);
    is_product.then(|| source.srcs().map(times).map(|times| times.min(TILE)).product())
}

/// How often an element of `factor` takes part in all sums.
fn times(factor: Uop) -> i64 {
    let once = |x: Uop| x.shape().iter().filter_map(Dim::known).product::<i64>();
    let is_moved = |x: &Uop| x.op().class() == Class::Movement || x.op() == Op::Cast;
    let moved = std::iter::successors(Some(factor), |x| is_moved(x).then(|| x.src(0)));
    (once(factor) / moved.last().map_or(1, once).max(1)).max(1)
}

fn split(reduce: Uop, device: Device) -> Option<Uop> {
    let Arg::Reduce(op, axes) = reduce.arg() else { return None };
    let source = reduce.src(0);
    let sizes: Vec<i64> = source.shape().iter().map(Dim::known).collect::<Option<_>>()?;
    let many: i64 = axes.iter().map(|axis| sizes[*axis]).product();
    let few = sizes.iter().product::<i64>() / many.max(1);
    let count = parts(source, axes, (many, few), device)?;
    // Outer axes make parts that are whole in memory.
    let even = axes.iter().copied().find(|axis| sizes[*axis] > 0 && sizes[*axis] % count == 0);
    let axis = even.or(axes.iter().copied().max_by_key(|axis| sizes[*axis]))?;
    if sizes[axis] < count || reduce.dtype().bytes() < EXACT {
        return None;
    }
    let whole = sizes[axis] - sizes[axis] % count;
    let mut parts = source.shape().to_vec();
    parts.splice(axis..=axis, [Dim::from(count), Dim::from(whole / count)]);
    let inner: Vec<usize> = axes.iter().map(|a| if *a < axis { *a } else { *a + 1 }).collect();
    let partial = reduced(reshaped(piece(source, axis, 0, whole), &parts), *op, &inner);
    // Neighbouring threads of a GPU store neighbouring results of one part.
    let (partial, axis_of_parts) = if device == Device::Gpu { (first(partial, axis), 0) } else { (partial, axis) };
    let stored = partial.graph().node(Op::Contiguous, partial.dtype(), &[partial], Arg::None);
    let total = reshaped(reduced(stored, *op, &[axis_of_parts]), reduce.shape());
    if whole == sizes[axis] {
        return Some(total);
    }
    let rest = reduced(piece(source, axis, whole, sizes[axis]), *op, axes);
    Some(total.alu(*op, &[rest]))
}

/// `x` with `axis` before all others.
fn first(x: Uop, axis: usize) -> Uop {
    let others = (0..x.shape().len()).filter(|a| *a != axis);
    permuted(x, std::iter::once(axis).chain(others).collect())
}

/// `x` from `begin` to `end` of `axis`.
fn piece(x: Uop, axis: usize, begin: i64, end: i64) -> Uop {
    let mut pairs: Vec<(Dim, Dim)> = x.shape().iter().map(|n| (Dim::ZERO, n.clone())).collect();
    pairs[axis] = (Dim::from(begin), Dim::from(end));
    shrunk(x, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Graph;

    fn stored_on(device: Device, shape: &[i64], axes: &[usize]) -> Option<Vec<Dim>> {
        let graph = Graph::new();
        let x = graph.buffer(DType::F32, shape.iter().map(|n| Dim::from(*n)).collect());
        let nodes = in_parts(reduced(x, Op::Add, axes), device).toposort();
        nodes.into_iter().find(|n| n.op() == Op::Contiguous).map(|n| n.shape().to_vec())
    }

    #[test]
    fn long_reductions_to_few_results_have_parts() {
        let dims = |sizes: &[i64]| Some(sizes.iter().map(|n| Dim::from(*n)).collect::<Vec<_>>());
        let stored = |shape: &[i64], axes: &[usize]| stored_on(Device::Cpu, shape, axes);
        assert_eq!(stored(&[1 << 20], &[0]), dims(&[64, 1]));
        assert_eq!(stored(&[1 << 20 | 3], &[0]), dims(&[64, 1]));
        assert_eq!(stored(&[5, 512, 1024], &[1, 2]), dims(&[5, 64, 1, 1]));
        assert_eq!(stored(&[1 << 10], &[0]), None);
        assert_eq!(stored(&[64, 1 << 20], &[1]), None);
        assert_eq!(stored(&[1 << 16, 2], &[0, 1]), dims(&[64, 1, 1]));
    }

    #[test]
    fn a_gpu_has_as_many_parts_as_keep_it_busy() {
        let dims = |sizes: &[i64]| Some(sizes.iter().map(|n| Dim::from(*n)).collect::<Vec<_>>());
        let stored = |shape: &[i64], axes: &[usize]| stored_on(Device::Gpu, shape, axes);
        assert_eq!(stored(&[1 << 20], &[0]), dims(&[64, 1]));
        assert_eq!(stored(&[16, 1 << 18], &[1]), dims(&[16, 16, 1]));
        assert_eq!(stored(&[65536, 4096], &[1]), None);
        assert_eq!(stored(&[128, 784], &[0]), None);
    }

    #[test]
    fn products_over_a_batch_and_positions_have_parts() {
        let stored = |sizes: [i64; 4], axes: [usize; 2]| {
            let graph = Graph::new();
            let dims = |sizes: [i64; 4]| sizes.map(Dim::from).to_vec();
            // Each factor is the same along one axis of the results.
            let factor = |axis: usize| {
                let one = std::array::from_fn(|a| if a == axis { 1 } else { sizes[a] });
                crate::tensor::expand(graph.buffer(DType::F32, dims(one)), dims(sizes)).expect("a larger shape")
            };
            let results: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
            let sum = reduced(factor(results[0]) * factor(results[1]), Op::Add, &axes);
            let nodes = in_parts(sum, Device::Cpu).toposort();
            nodes.into_iter().find(|n| n.op() == Op::Contiguous).map(|n| n.shape().to_vec())
        };
        let dims = |sizes: [i64; 5]| Some(sizes.map(Dim::from).to_vec());
        assert_eq!(stored([16, 32, 128, 32], [0, 2]), dims([8, 1, 32, 1, 32]));
        assert_eq!(stored([12, 32, 32, 128], [0, 3]), dims([4, 1, 32, 32, 1]));
        // Many results, no even parts, a product of matrices, and no batch.
        assert_eq!(stored([16, 512, 128, 512], [0, 2]), None);
        assert_eq!(stored([17, 32, 128, 32], [0, 2]), None);
        assert_eq!(stored([16, 128, 32, 32], [0, 1]), None);
        assert_eq!(stored([16, 128, 32, 32], [1, 3]), None);
    }

    #[test]
    fn products_have_parts_where_tiles_are_few() {
        let parts = |[m, n, k]: [i64; 3]| {
            let graph = Graph::new();
            let [a, b] = [[m, k], [k, n]].map(|shape| graph.buffer(DType::F32, shape.map(Dim::from).to_vec()));
            let spread = |x, shape: [i64; 3], all: [i64; 3]| {
                let dims = |sizes: [i64; 3]| sizes.map(Dim::from).to_vec();
                crate::tensor::expand(reshaped(x, &dims(shape)), dims(all)).expect("a larger shape")
            };
            let b = permuted(b, vec![1, 0]);
            let product = spread(a, [m, 1, k], [m, n, k]) * spread(b, [1, n, k], [m, n, k]);
            let nodes = in_parts(reduced(product, Op::Add, &[2]), Device::Gpu).toposort();
            nodes.into_iter().find(|n| n.op() == Op::Contiguous).and_then(|n| n.shape()[0].known())
        };
        // 64 × 64 results a block, or as many columns of fewer rows.
        assert_eq!([[1, 8192, 8192], [16, 8192, 8192], [1024, 1024, 8192]].map(parts), [None; 3]);
        assert_eq!([[1, 512, 8192], [16, 1024, 8192], [256, 256, 8192]].map(parts), [Some(32), Some(32), Some(32)]);
        assert_eq!(parts([256, 256, 256]), None);
    }
}
