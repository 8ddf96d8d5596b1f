//! What computing and storing costs, in units of one arithmetic operation.
//!
//! The weights are those of a CPU core near 50 G operations and 10 GB/s a second: a byte through memory
//! costs as much as five operations, starting a kernel as much as twenty thousand.

use rustc_hash::FxHashMap;

use crate::dim::Dim;
use crate::ir::{Arg, Op, Uop};
use crate::loops::Nest;

/// Operations in the time one byte takes to and from memory.
const BYTE: f64 = 5.0;
/// Operations in the time it takes to start a kernel on all threads.
const LAUNCH: f64 = 20_000.0;
/// Operations in the time that an element takes longer where loops are too short for vectors.
pub(super) const REORDERED: f64 = 32.0;
/// Operations in the time that an element of a sum takes to which no strides lead: it is loaded under conditions.
const SKEWED: f64 = 8.0;
/// Time of an operation, in those of a product, of which a core does as many as it can.
const ALONE: i64 = 4;
/// Time of an access to a byte in a cache, in operations of a product.
const NEAR: i64 = 2;
/// Run-time dimensions are taken to be at most this large where a guess is needed.
const TYPICAL: i64 = 256;

/// A guess at the number of elements of `shape`.
pub(super) fn elements(shape: &[Dim]) -> f64 {
    shape.iter().map(|d| d.eval(&|v| v.max.min(TYPICAL).max(v.min)) as f64).product()
}

/// A guess at the trip count of a range.
pub(super) fn trips(range: Uop) -> f64 {
    let size = range.src(0).vmax();
    if range.src(0).as_int().is_some() { size as f64 } else { size.min(TYPICAL as i128) as f64 }
}

/// How often the code at `value`'s place in the loops runs.
pub(super) fn runs<'g>(nest: &Nest<'g>, value: Uop<'g>) -> f64 {
    nest.path(nest.innermost(value)).into_iter().map(trips).product()
}

/// Cost of writing a tensor and reading it back.
pub(super) fn store(tensor: Uop) -> f64 {
    2.0 * BYTE * tensor.dtype().bytes() as f64 * elements(tensor.shape()) + LAUNCH
}

/// Cost of one operation on one element.
pub(crate) fn operation(op: Op) -> f64 {
    match op {
        Op::Exp2 | Op::Log2 | Op::Sin | Op::Tanh | Op::Erf | Op::Pow => 12.0,
        Op::Recip | Op::Sqrt | Op::Fdiv | Op::Idiv | Op::Mod | Op::RoundTf32 => 4.0,
        Op::View | Op::Const | Op::DefineVar => 0.0,
        _ => 1.0,
    }
}

/// Cost of one element of `tensor`, given that of its sources; spread over the elements it repeats to.
pub(super) fn element<'g>(tensor: Uop<'g>, known: &FxHashMap<Uop<'g>, f64>) -> f64 {
    let sources: f64 = tensor.srcs().map(|s| known.get(&s).copied().unwrap_or(1.0)).sum();
    match tensor.op() {
        Op::ReduceAxis => {
            let each = sources + if is_skewed(tensor.src(0)) { SKEWED } else { 1.0 };
            each * elements(tensor.src(0).shape()) / elements(tensor.shape()).max(1.0)
        }
        Op::View => sources * (elements(tensor.src(0).shape()) / elements(tensor.shape()).max(1.0)).min(1.0),
        op => sources + operation(op),
    }
}

/// Whether `tensor` has the elements of another in an order that no strides describe: loops over it are short.
pub(super) fn reorders(tensor: Uop) -> bool {
    is_skewed(tensor) && elements(tensor.src(0).shape()) == elements(tensor.shape())
}

/// Whether no strides describe where `tensor` has its elements from.
fn is_skewed(tensor: Uop) -> bool {
    matches!(tensor.arg(), Arg::View(tracker) if tracker.views.len() > 1)
}

/// Whether `tensor` makes wider floats of floats, or rounds or cuts them, which loads do.
pub(super) fn converts(tensor: Uop) -> bool {
    widens(tensor) || matches!(tensor.op(), Op::RoundTf32 | Op::CutTf32)
}

/// Whether `tensor` makes wider floats of floats.
pub(super) fn widens(tensor: Uop) -> bool {
    if tensor.op() != Op::Cast {
        return false;
    }
    let (from, to) = (tensor.src(0).dtype(), tensor.dtype());
    from.is_float() && to.is_float() && from.scalar.bits() < to.scalar.bits()
}

/// The size of a range as a dimension: inverse of [`crate::ir::Graph::dim`].
fn size(range: Uop) -> Dim {
    let size = range.src(0);
    polynomial(size).unwrap_or_else(|| panic!("cost: the size {size:?} is not a polynomial of run-time dimensions"))
}

/// `index` as (polynomial, divisor), for what splitting a loop makes of its size; the size of a remainder has no such
/// form.
pub fn quotient(index: Uop) -> Option<(Dim, i64)> {
    if index.op() == Op::Add && index.src(1).op() == Op::Idiv {
        let (whole, (dim, by)) = (polynomial(index.src(0))?, quotient(index.src(1))?);
        return Some((&(&whole * &Dim::from(by)) + &dim, by));
    }
    if index.op() != Op::Idiv {
        return Some((polynomial(index)?, 1));
    }
    let (dim, by) = quotient(index.src(0))?;
    Some((dim, by.checked_mul(i64::try_from(index.src(1).as_int()?).ok()?)?))
}

fn polynomial(index: Uop) -> Option<Dim> {
    match (index.op(), index.arg()) {
        (Op::Const, _) => Some(Dim::from(index.as_int()? as i64)),
        (Op::DefineVar, Arg::Var(var)) => Some(Dim::from(var.clone())),
        (Op::Add, _) => Some(&polynomial(index.src(0))? + &polynomial(index.src(1))?),
        (Op::Mul, _) => Some(&polynomial(index.src(0))? * &polynomial(index.src(1))?),
        _ => None,
    }
}

/// Whether it computes with what is in memory, and not with positions.
fn is_data(node: Uop) -> bool {
    let position = |u: Uop| u.dtype().is_index() || u.dtype().is_bool();
    !node.dtype().is_index() && (!node.dtype().is_bool() || !node.srcs().all(position))
}

/// Arithmetic operations on data of the kernel `store`, over all its loops.
pub fn flops(store: Uop) -> Dim {
    operations(store, |_| 1)
}

/// About how long a call of the kernel `store`, which moves so many `bytes`, takes one thread if all is in its caches. The unit
/// is an operation of a product: 6 ps at 160 GFLOP/s.
pub fn work(store: Uop, bytes: &Dim) -> Dim {
    let is_product = |n: Uop| n.op() == Op::Reduce && n.arg() == &Arg::Op(Op::Add) && n.src(0).op() == Op::Mul;
    let sums: Vec<_> = store.toposort().into_iter().filter(|n| is_product(*n)).collect();
    let is_fused = |n: Uop| sums.iter().any(|sum| n == *sum || n == sum.src(0));
    let weight = |n: Uop| if is_fused(n) { 1 } else { ALONE * operation(n.op()) as i64 };
    &operations(store, weight) + &(bytes * &Dim::from(NEAR))
}

/// The sum of the weights of all arithmetic operations on data of the kernel `store`, over all its loops.
fn operations<'g>(store: Uop<'g>, weight: impl Fn(Uop<'g>) -> i64) -> Dim {
    let nest = Nest::new(store);
    let mut total = Dim::ZERO;
    for node in store.toposort() {
        let at = match node.op() {
            // The combining itself happens inside the reduction's loops.
            Op::Reduce => Some(node.src(node.arity() - 1)),
            op if op.is_alu() && is_data(node) && !matches!(op, Op::Cast | Op::RoundTf32 | Op::CutTf32) => {
                nest.innermost(node)
            }
            _ => continue,
        };
        let counts: Vec<Dim> = nest.path(at).into_iter().map(size).collect();
        total = &total + &counts.iter().fold(Dim::from(weight(node)), |a, b| &a * b);
    }
    total
}

/// Bytes the kernel `store` moves when each element of each tensor is read or written once.
pub fn bytes(store: Uop, shape: &dyn Fn(super::Memory) -> Vec<Dim>) -> Dim {
    let written = super::pointer_slot(store);
    let mut all = vec![(written, store.src(1).dtype())];
    for node in store.toposort().into_iter().filter(|n| n.op() == Op::Load) {
        let read = (super::pointer_slot(node), node.dtype());
        if !all[1..].contains(&read) {
            all.push(read);
        }
    }
    let sizes = all
        .into_iter()
        .map(|(memory, dtype)| shape(memory).iter().fold(Dim::from(dtype.bytes() as i64), |a, b| &a * b));
    sizes.fold(Dim::ZERO, |a, b| &a + &b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph};

    #[test]
    fn a_product_is_less_work_than_as_many_other_operations() {
        let graph = Graph::new();
        let [i, k] = [(5, Axis::Loop), (7, Axis::Reduce)].map(|(n, axis)| graph.range(graph.index(n), axis));
        let [x, y, z] = [0, 1, 2].map(|slot| graph.global(DType::F32, slot));
        let [a, b] = [x, y].map(|tensor| tensor.element(i * 7 + k, None).load());
        for (term, expected) in [(a * b, 70 + 20), (a + b, 70 * ALONE + 20)] {
            let kernel = graph.sink(&[z.element(i, None).store(term.reduce(Op::Add, &[k]), &[i])]);
            assert_eq!([flops(kernel), work(kernel, &Dim::from(10))], [70, expected].map(Dim::from));
        }
    }
}
