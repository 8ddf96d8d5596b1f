//! Before: a reduction of many elements to few results. After: one in parts, which are stored, and one that combines them.
//!
//! `Σ x` over n elements is `Σ_p Σ_m x[p*M + m]` for `PARTS` parts of `M = n / PARTS` elements, and what is left over.
//! Parts are results, so threads share them, and several of them are read at once, each in the order of its memory.

use crate::dim::Dim;
use crate::ir::{Arg, Op, Uop};
use crate::tensor::{reduced, reshaped, shrunk};

/// Parts of a reduction.
const PARTS: i64 = 64;
/// Elements of a reduction, from which parts pay for the kernel that combines them.
const MANY: i64 = 1 << 17;
/// Results up to which threads do not have enough to share.
const FEW: i64 = 8;
/// Bytes of an element from which a sum loses nothing by being stored in between.
const EXACT: usize = 4;

/// `node`, or, where it is such a reduction, what it is made of.
pub(super) fn in_parts(node: Uop) -> Uop {
    split(node).unwrap_or(node)
}

fn split(reduce: Uop) -> Option<Uop> {
    let Arg::Reduce(op, axes) = reduce.arg() else { return None };
    let source = reduce.src(0);
    let sizes: Vec<i64> = source.shape().iter().map(Dim::known).collect::<Option<_>>()?;
    // Outer axes make parts that are whole in memory.
    let even = axes.iter().copied().find(|axis| sizes[*axis] > 0 && sizes[*axis] % PARTS == 0);
    let axis = even.or(axes.iter().copied().max_by_key(|axis| sizes[*axis]))?;
    let many: i64 = axes.iter().map(|axis| sizes[*axis]).product();
    let few = sizes.iter().product::<i64>() / many.max(1);
    if many < MANY || few > FEW || sizes[axis] < PARTS || reduce.dtype().bytes() < EXACT {
        return None;
    }
    let whole = sizes[axis] - sizes[axis] % PARTS;
    let mut parts = source.shape().to_vec();
    parts.splice(axis..=axis, [Dim::from(PARTS), Dim::from(whole / PARTS)]);
    let inner: Vec<usize> = axes.iter().map(|a| if *a < axis { *a } else { *a + 1 }).collect();
    let partial = reduced(reshaped(piece(source, axis, 0, whole), &parts), *op, &inner);
    let stored = partial.graph().node(Op::Contiguous, partial.dtype(), &[partial], Arg::None);
    let total = reshaped(reduced(stored, *op, &[axis]), reduce.shape());
    if whole == sizes[axis] {
        return Some(total);
    }
    let rest = reduced(piece(source, axis, whole, sizes[axis]), *op, axes);
    Some(total.alu(*op, &[rest]))
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

    fn stored(shape: &[i64], axes: &[usize]) -> Option<Vec<Dim>> {
        let graph = Graph::new();
        let x = graph.buffer(DType::F32, shape.iter().map(|n| Dim::from(*n)).collect());
        let nodes = in_parts(reduced(x, Op::Add, axes)).toposort();
        nodes.into_iter().find(|n| n.op() == Op::Contiguous).map(|n| n.shape().to_vec())
    }

    #[test]
    fn long_reductions_to_few_results_have_parts() {
        let dims = |sizes: &[i64]| Some(sizes.iter().map(|n| Dim::from(*n)).collect::<Vec<_>>());
        assert_eq!(stored(&[1 << 20], &[0]), dims(&[64, 1]));
        assert_eq!(stored(&[1 << 20 | 3], &[0]), dims(&[64, 1]));
        assert_eq!(stored(&[5, 512, 1024], &[1, 2]), dims(&[5, 64, 1, 1]));
        assert_eq!(stored(&[1 << 10], &[0]), None);
        assert_eq!(stored(&[64, 1 << 20], &[1]), None);
        assert_eq!(stored(&[1 << 16, 2], &[0, 1]), dims(&[64, 1, 1]));
    }
}
