//! Kernel names that say what a kernel does: `r_32_128_784_matmul_relu`.

use crate::ir::{Arg, Axis, Op, Uop};
use crate::loops::Nest;

/// At most this many words follow the sizes.
const WORDS: usize = 3;

/// `r` for a reduction or `e` for elementwise, the sizes of the loops over results, then of reductions,
/// then the notable operations in the order in which they happen.
pub(super) fn describe(kernel: Uop) -> String {
    let nodes = kernel.toposort();
    let reduces = nodes.iter().any(|n| n.op() == Op::Reduce);
    let mut parts = vec![if reduces { "r" } else { "e" }.to_string()];
    let mut loops = Nest::new(kernel).loops();
    loops.sort_by_key(|r| matches!(r.arg(), Arg::Range(_, Axis::Reduce)));
    parts.extend(loops.into_iter().map(|r| size(r.src(0))));
    let mut words: Vec<&str> = nodes.iter().filter_map(|n| word(*n)).collect();
    words.dedup();
    let mut seen = vec![];
    words.retain(|w| {
        !seen.contains(w) && {
            seen.push(*w);
            true
        }
    });
    parts.extend(words.into_iter().take(WORDS).map(str::to_string));
    parts.join("_")
}

fn size(size: Uop) -> String {
    match (size.as_int(), size.arg()) {
        (Some(n), _) => n.to_string(),
        (None, Arg::Var(var)) => var.name.chars().filter(char::is_ascii_alphanumeric).collect(),
        _ => size.srcs().map(self::size).collect::<Vec<_>>().join("x"),
    }
}

fn word(node: Uop) -> Option<&'static str> {
    Some(match (node.op(), node.arg()) {
        (Op::Reduce, Arg::Op(Op::Add)) if is_product(node.src(0)) => "matmul",
        (Op::Reduce, Arg::Op(Op::Add)) => "sum",
        (Op::Reduce, Arg::Op(Op::Max)) => "max",
        (Op::Reduce, Arg::Op(Op::Mul)) => "prod",
        (Op::Max, _) if node.src(1).as_const().is_some_and(|v| !v.is_true()) => "relu",
        (Op::Exp2, _) => "exp",
        (Op::Log2, _) => "log",
        (Op::Sin, _) => "sin",
        (Op::Tanh, _) => "tanh",
        (Op::Erf, _) => "erf",
        (Op::Sqrt, _) => "sqrt",
        (Op::Pow, _) => "pow",
        _ => return None,
    })
}

/// A product of two values that vary differently.
fn is_product(value: Uop) -> bool {
    value.op() == Op::Mul && value.src(0).range_ids() != value.src(1).range_ids() && value.src(1).range_ids().len() > 1
}
