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
use crate::symbolic::{Simplifier, Sum, Term, clauses, known_bounds};

/// `kernel` with the loop `k` of a sum only as long as its condition holds; `None` if what is added is not zero by one
/// condition about `k` and loops around the sum.
pub(super) fn trim<'g>(kernel: Uop<'g>, k: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let reduce = only_reduction(kernel, k).filter(|reduce| *reduce.arg() == Arg::Op(Op::Add))?;
    let guarded = guarded(reduce.src(0), k)?;
    let (begin, end) = span(reduce, k, guarded.condition)?;
    let begin = simplifier.simplify(begin);
    let within = k.graph().range(simplifier.simplify((end - begin).maximum(0)), Axis::Reduce);
    let ranges: Vec<_> = reduce.srcs().skip(1).map(|r| if r == k { within } else { r }).collect();
    let value = instantiate(reduce.src(0).replace(guarded.factor, guarded.there), k, begin + within);
    Some(simplifier.simplify(kernel.replace(reduce, value.reduce(Op::Add, &ranges))))
}

/// A factor that is zero unless a condition on a loop counter holds.
struct Guarded<'g> {
    factor: Uop<'g>,
    condition: Uop<'g>,
    /// The factor where the condition holds.
    there: Uop<'g>,
}

/// The first such factor of `value`, or of all that a sum in it adds, whose condition is about `k`: a choice, or a load under
/// conditions, others of which may remain.
fn guarded<'g>(value: Uop<'g>, k: Uop<'g>) -> Option<Guarded<'g>> {
    let mut factors = vec![value];
    while let Some(factor) = factors.pop() {
        match factor.op() {
            Op::Mul | Op::Cast | Op::Neg => factors.extend(factor.srcs()),
            Op::Reduce if *factor.arg() == Arg::Op(Op::Add) => factors.push(factor.src(0)),
            Op::Where if is_zero(factor.src(2)) && factor.src(0).depends_on(k) => {
                return Some(Guarded { factor, condition: factor.src(0), there: factor.src(1) });
            }
            Op::Load if factor.srcs().nth(1).is_some_and(is_zero) && factor.depends_on(k) => {
                return guarded_load(factor, k);
            }
            _ => {}
        }
    }
    None
}

/// `load`, which is zero where its conditions do not hold, apart from those about `k`.
fn guarded_load<'g>(load: Uop<'g>, k: Uop<'g>) -> Option<Guarded<'g>> {
    let index = load.src(0);
    let (about_k, others): (Vec<_>, Vec<_>) =
        clauses(index.srcs().nth(2)?).into_iter().partition(|clause| clause.depends_on(k));
    let all = |clauses: Vec<Uop<'g>>| clauses.into_iter().reduce(|a, b| a & b);
    let there = index.src(0).element(index.src(1), all(others));
    Some(Guarded { factor: load, condition: all(about_k)?, there: load.with_srcs(&[there, load.src(1)]) })
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

    /// A convolution of 6 elements by 3, to 8, with zeros as `read` makes them of an address and the condition that it holds.
    fn full_convolution<'g>(graph: &'g Graph, read: impl Fn(Uop<'g>, Uop<'g>) -> Uop<'g>) -> (Uop<'g>, Uop<'g>) {
        let (y, k) = (graph.range(graph.index(8), Axis::Loop), graph.range(graph.index(3), Axis::Reduce));
        let at = y - k;
        let x = read(at + graph.index(2), at.ge(graph.index(0)) & at.lt(graph.index(6)));
        let value = x * graph.global(DType::F32, 1).element(k, None).load();
        let store = graph.global(DType::F32, 2).element(y, None).store(value.reduce(Op::Add, &[k]), &[y]);
        (graph.sink(&[store]), k)
    }

    fn is_trimmed<'g>((kernel, k): (Uop<'g>, Uop<'g>)) -> bool {
        let mut simplifier = Simplifier::default();
        let trimmed = trim(kernel, k, &mut simplifier).unwrap();
        let within = trimmed.src(0).src(1).src(1);
        let is_conditional = |n: &Uop<'g>| n.op() == Op::Where || n.op() == Op::Index && n.arity() == 3;
        let as_long = within.src(0).vmin() >= 0 && within.src(0).vmax() == 3;
        as_long && !trimmed.toposort().iter().any(is_conditional) && trim(trimmed, within, &mut simplifier).is_none()
    }

    #[test]
    fn the_loop_is_as_long_as_its_condition_holds() {
        let graph = Graph::new();
        let x = graph.global(DType::F32, 0);
        let chosen = full_convolution(&graph, |at, inside| inside.choose(x.element(at, None).load(), 0.0));
        assert!(is_trimmed(chosen), "{:?}", crate::ir::pretty(chosen.0));
        let guarded = full_convolution(&graph, |at, inside| {
            graph.node(Op::Load, DType::F32, &[x.element(at, Some(inside)), graph.constant(DType::F32, 0.0)], Arg::None)
        });
        assert!(is_trimmed(guarded), "{:?}", crate::ir::pretty(guarded.0));
        let summed = full_convolution(&graph, |at, inside| {
            let channel = graph.range(graph.index(4), Axis::Reduce);
            inside.choose(x.element(at * 4 + channel, None).load(), 0.0).reduce(Op::Add, &[channel])
        });
        assert!(is_trimmed(summed), "{:?}", crate::ir::pretty(summed.0));
    }
}
