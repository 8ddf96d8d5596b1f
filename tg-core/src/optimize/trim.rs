//! Sums without what is zero: a loop of a sum runs only where a condition on its counter holds, outside of which it adds
//! zeros.
//!
//! Before: `for y { s = Σ_k (0 <= y-k < n ? x[y-k] : 0) * w[k] }`. After: `for y { s = Σ x[y-k] * w[k]` for `k` from
//! `max(0, y-n+1)` to `min(K, y+1)` `}`. So the gradient of a convolution by its input leaves out the rows around the
//! picture, also where it would have multiplied them by infinity or NaN. The loops that say how long it is may not be vectors or
//! written out, and copies for all of them may not depend on it: this comes last.

use super::accumulate::only_reduction;
use super::split::lesser;
use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::instantiate;
use crate::symbolic::{Simplifier, Sum, Term, known_bounds};

/// `kernel` with the loop `k` of a sum only as long as its condition holds; `None` if what is added is not zero by one
/// condition about `k` and loops around the sum.
pub(super) fn trim<'g>(kernel: Uop<'g>, k: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let reduce = only_reduction(kernel, k).filter(|reduce| *reduce.arg() == Arg::Op(Op::Add))?;
    let choice = choice(reduce.src(0), k)?;
    let (begin, end) = span(reduce, k, choice.src(0))?;
    let begin = simplifier.simplify(begin);
    let within = k.graph().range(simplifier.simplify((end - begin).maximum(0)), Axis::Reduce);
    let ranges: Vec<_> = reduce.srcs().skip(1).map(|r| if r == k { within } else { r }).collect();
    let value = instantiate(reduce.src(0).replace(choice, choice.src(1)), k, begin + within);
    Some(simplifier.simplify(kernel.replace(reduce, value.reduce(Op::Add, &ranges))))
}

/// A factor of `value` that is zero unless a condition on `k` holds.
fn choice<'g>(value: Uop<'g>, k: Uop<'g>) -> Option<Uop<'g>> {
    let mut factors = vec![value];
    while let Some(factor) = factors.pop() {
        match factor.op() {
            Op::Mul | Op::Cast | Op::Neg => factors.extend(factor.srcs()),
            Op::Where if is_zero(factor.src(2)) && factor.src(0).depends_on(k) => return Some(factor),
            _ => {}
        }
    }
    None
}

pub(super) fn is_zero(value: Uop) -> bool {
    value.as_const().is_some_and(|value| value.to_f64() == 0.0)
}

/// Where `k` begins and ends for `condition` to hold, from loops around `reduce`.
fn span<'g>(reduce: Uop<'g>, k: Uop<'g>, condition: Uop<'g>) -> Option<(Uop<'g>, Uop<'g>)> {
    let graph = k.graph();
    let Ok([(sum, low, high)]) = <[_; 1]>::try_from(known_bounds(condition)?) else { return None };
    let sign = sum.terms.iter().find(|t| t.factors == [k]).map(|t| t.coefficient).filter(|c| c.abs() == 1)?;
    let rest = sum.plus(&Sum::atom(k), &Term::constant(-sign))?;
    let is_around = |r: &Uop<'g>| {
        let runs = matches!(r.arg(), Arg::Range(_, Axis::Loop | Axis::Parallel | Axis::Serial));
        runs && reduce.srcs().skip(1).all(|own| own != *r)
    };
    if !rest.atoms().iter().all(is_around) {
        return None;
    }
    let rest = rest.build(graph);
    // From low <= rest + k <= high, or low <= rest - k <= high.
    let bound =
        |value: i128| if sign > 0 { graph.index(value as i64) - rest } else { rest - graph.index(value as i64) };
    let (first, last) = if sign > 0 { (low, high) } else { (high, low) };
    let begin = first.map_or(graph.index(0), |first| bound(first).maximum(0));
    let end = last.map_or(k.src(0), |last| lesser(k.src(0), bound(last) + graph.index(1)));
    Some((begin, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Graph;

    /// A convolution of 6 elements by 3, to 8.
    fn full_convolution(graph: &Graph) -> (Uop<'_>, Uop<'_>) {
        let (y, k) = (graph.range(graph.index(8), Axis::Loop), graph.range(graph.index(3), Axis::Reduce));
        let at = y - k;
        let x = graph.global(DType::F32, 0).element(at + graph.index(2), None).load();
        let inside = at.ge(graph.index(0)) & at.lt(graph.index(6));
        let value = inside.choose(x, 0.0) * graph.global(DType::F32, 1).element(k, None).load();
        let store = graph.global(DType::F32, 2).element(y, None).store(value.reduce(Op::Add, &[k]), &[y]);
        (graph.sink(&[store]), k)
    }

    #[test]
    fn the_loop_is_as_long_as_its_condition_holds() {
        let (graph, mut simplifier) = (Graph::new(), Simplifier::default());
        let (kernel, k) = full_convolution(&graph);
        let trimmed = trim(kernel, k, &mut simplifier).unwrap();
        assert!(trimmed.toposort().into_iter().all(|n| n.op() != Op::Where));
        let within = trimmed.src(0).src(1).src(1);
        assert!(within.src(0).vmin() >= 0 && within.src(0).vmax() == 3, "{:?}", crate::ir::pretty(trimmed));
        assert!(trim(trimmed, within, &mut simplifier).is_none());
    }
}
