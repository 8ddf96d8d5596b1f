//! Padding: a loop of `n` iterations gets as many as the next multiple of a size, so that blocks divide it. In those that
//! it did not have, nothing is read and nothing stored, integers are divided by 1, and what a reduction combines is neutral.
//!
//! For threads and matrix units, which are there whether they have work or not.

use crate::ir::{Arg, Memo, Op, Uop, neutral, rebuild};
use crate::loops::{closes, substitute};
use crate::symbolic::Simplifier;

/// `kernel` with `range` as long as a multiple of `size`; `None` if it is.
pub(super) fn pad<'g>(kernel: Uop<'g>, range: Uop<'g>, size: u32, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    pad_where(kernel, range, size, |_| false, simplifier)
}

/// [`pad`] for a loop over results, in which what the longer loop reads at addresses that `is_there` knows to be in memory
/// is read without a condition.
pub(super) fn pad_where<'g>(
    kernel: Uop<'g>,
    range: Uop<'g>,
    size: u32,
    is_there: impl Fn(Uop<'g>) -> bool,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let Arg::Range(_, axis) = *range.arg() else { return None };
    let (count, size) = (range.src(0), size as i64);
    if simplifier.simplify(count % size).as_int() == Some(0) {
        return None;
    }
    let padded = simplifier.simplify((count + (size - 1)) / size * size);
    let longer = range.graph().range(padded, axis);
    let guarded = guarded(substitute(kernel, &[(range, longer)]), longer, longer.lt(count), is_there);
    Some(simplifier.simplify(guarded))
}

/// `kernel`, in which `range` counts only where `holds`, and elsewhere nothing is read but what `is_there`.
fn guarded<'g>(kernel: Uop<'g>, range: Uop<'g>, holds: Uop<'g>, is_there: impl Fn(Uop<'g>) -> bool) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| match node.op() {
        Op::Load if node.src(0).src(1).depends_on(range) && !is_there(node.src(0)) => guarded_load(node, holds),
        Op::Store if runs_over(node, range) => {
            let src: Vec<_> = [under(node.src(0), holds)].into_iter().chain(node.srcs().skip(1)).collect();
            node.with_srcs(&src)
        }
        Op::Reduce if runs_over(node, range) => neutral_elsewhere(node, holds),
        Op::Idiv | Op::Mod if is_integer_division(node) && node.src(1).depends_on(range) => {
            node.with_srcs(&[node.src(0), holds.choose(node.src(1), node.like(1i64))])
        }
        _ => node,
    })
}

/// Whether `node` has no value for the 0 that a load gives where nothing is read.
fn is_integer_division(node: Uop) -> bool {
    node.dtype().is_int() && !node.dtype().is_index()
}

fn runs_over<'g>(node: Uop<'g>, range: Uop<'g>) -> bool {
    closes(node).is_some_and(|fixed| node.srcs().skip(fixed).any(|r| r == range))
}

/// The address `index` where it may be accessed and `holds`.
fn under<'g>(index: Uop<'g>, holds: Uop<'g>) -> Uop<'g> {
    let valid = index.srcs().nth(2).map_or(holds, |valid| valid & holds);
    index.src(0).element(index.src(1), Some(valid))
}

/// `load` where `holds`, and elsewhere what stands for elements that are not there.
pub(crate) fn guarded_load<'g>(load: Uop<'g>, holds: Uop<'g>) -> Uop<'g> {
    let otherwise = load.srcs().nth(1).unwrap_or_else(|| load.like(0i64));
    load.graph().node(Op::Load, load.dtype(), &[under(load.src(0), holds), otherwise], Arg::None)
}

/// A reduction that combines what is neutral where `holds` does not.
fn neutral_elsewhere<'g>(reduce: Uop<'g>, holds: Uop<'g>) -> Uop<'g> {
    let (Arg::Op(op), value) = (reduce.arg(), reduce.src(0)) else { return reduce };
    let Some(neutral) = neutral(*op, value.dtype()).filter(|_| !(*op == Op::Add && is_zero_elsewhere(value, holds)))
    else {
        return reduce;
    };
    let chosen = holds.choose(value, value.like(neutral));
    reduce.with_srcs(&[&[chosen], &reduce.srcs().skip(1).collect::<Vec<_>>()[..]].concat())
}

/// Whether `value` is 0 already where `holds` does not: a product of two loads that are.
fn is_zero_elsewhere<'g>(value: Uop<'g>, holds: Uop<'g>) -> bool {
    let is_guarded = |factor: Uop<'g>| {
        let converts = matches!(factor.op(), Op::Cast | Op::RoundTf32 | Op::CutTf32);
        let load = if converts { factor.src(0) } else { factor };
        let valid = (load.op() == Op::Load && load.arity() == 2).then(|| load.src(0).src(2));
        valid.is_some_and(|valid| valid == holds || valid.op() == Op::And && valid.srcs().any(|v| v == holds))
            && load.src(1).as_const().is_some_and(|v| !v.is_true())
    };
    value.op() == Op::Mul && value.srcs().all(is_guarded)
}
