//! Before: sums add up products, of which a factor may be zero because a condition does not hold. After: registers are
//! updated only where it holds.
//!
//! So results at the edge of a picture leave out the zeros around it, also where these would have been multiplied by infinity
//! or NaN. The condition is that of a load, which is a branch anyway: what is saved is the multiply-add. For GPUs, whose
//! threads do not branch apart for one instruction, nothing changes.

use super::linearize::Linear;
use crate::ir::{Op, Uop};

pub fn skip(linear: Linear) -> Linear {
    Linear(linear.0.into_iter().map(|node| conditional(node).unwrap_or(node)).collect())
}

/// `node`, the update of a sum, where it adds something.
fn conditional(node: Uop) -> Option<Uop> {
    let sum = Some(node).filter(|n| n.op() == Op::UpdateAcc)?.src(1);
    let register = node.src(0);
    let adds = sum.op() == Op::Add && sum.dtype().is_float() && sum.srcs().filter(|s| *s == register).count() == 1;
    let product = sum.srcs().find(|s| adds && *s != register && s.op() == Op::Mul)?;
    let condition = product.srcs().find_map(condition)?;
    Some(node.with_srcs(&[register, sum, condition]))
}

/// The condition without which `factor` is zero in all lanes.
pub(super) fn condition(factor: Uop) -> Option<Uop> {
    let is_same = |n: &Uop| n.op() == Op::Cast || n.op() == Op::Vectorize && n.srcs().all(|s| s == n.src(0));
    let load = std::iter::successors(Some(factor), |n| is_same(n).then(|| n.src(0))).last()?;
    let is_zero = load.op() == Op::Load && load.srcs().nth(1)?.as_const().is_some_and(|v| v.to_f64() == 0.0);
    load.srcs().next().filter(|_| is_zero)?.srcs().nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::spec::{Stage, verify};
    use crate::ir::{Arg, Axis, Graph};
    use crate::lower::linearize;

    /// How many updates of `Σ_k (k < 3 ? x[k] : otherwise) * w[k]` are conditional.
    fn conditional_updates(otherwise: f64) -> usize {
        let g = Graph::new();
        let k = g.range(g.index(5), Axis::Reduce);
        let at = g.global(DType::F32, 0).element(k, Some(k.lt(g.index(3))));
        let x = g.node(Op::Load, DType::F32, &[at, g.constant(DType::F32, otherwise)], Arg::None);
        let sum = (x * g.global(DType::F32, 1).element(k, None).load()).reduce(Op::Add, &[k]);
        let list = skip(linearize(g.sink(&[g.global(DType::F32, 2).element(g.index(0), None).store(sum, &[])])));
        assert_eq!(verify(Stage::Linear, &list.0), Ok(()));
        list.0.iter().filter(|n| n.op() == Op::UpdateAcc && n.arity() == 3).count()
    }

    #[test]
    fn only_zeros_are_skipped() {
        assert_eq!([conditional_updates(0.0), conditional_updates(1.0)], [1, 0]);
    }
}
