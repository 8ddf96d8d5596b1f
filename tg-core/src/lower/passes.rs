//! The table of passes.

use super::linearize::{Linear, linearize};
use super::{gpu, lookahead, narrow, prefetch, separate, skip, taps, tf32, transcendental, unroll, vectorize};
use crate::dtype::Scalar;
use crate::ir::{Memo, Op, Uop, rebuild};
use crate::symbolic::Simplifier;
use crate::target::Isa;

/// A step of the lowering, from loop nest to loop nest.
pub struct Pass {
    /// Name in debug output.
    pub name: &'static str,
    /// What holds afterwards.
    pub after: &'static str,
    /// The step.
    pub run: for<'g> fn(Uop<'g>, &mut Simplifier<'g>) -> Uop<'g>,
}

/// The passes for processors, in order.
const PASSES: &[Pass] = &processor(Pass {
    name: "decompose",
    after: "only operations that every processor has",
    run: |kernel, _| decompose(kernel, Isa::Baseline),
});

/// The same for processors with instructions for FRACT and LDEXP.
const SCALING_PASSES: &[Pass] = &processor(Pass {
    name: "decompose",
    after: "only operations that these processors have",
    run: |kernel, _| decompose(kernel, Isa::X86V4),
});

const fn processor(decompose: Pass) -> [Pass; 6] {
    [
        Pass { name: "narrow", after: "no bf16; f32 that is rounded instead", run: narrow::narrow },
        Pass { name: "unroll", after: "no Unroll ranges", run: unroll::unroll },
        Pass { name: "taps", after: "steps of many sums share registers", run: taps::unite },
        Pass { name: "vectorize", after: "no Lane ranges; vectors instead", run: vectorize::vectorize },
        Pass { name: "separate", after: "every RANGE is one loop in one place", run: separate::separate },
        decompose,
    ]
}

/// The passes for GPUs, in order.
const GPU_PASSES: &[Pass] = &[
    Pass { name: "half", after: "f16 and bf16 are only moved, added and converted", run: gpu::half },
    Pass { name: "matrix", after: "no Matrix ranges; WMMA instead", run: gpu::matrix },
    Pass { name: "cooperate", after: "reductions over threads are over nothing else", run: gpu::cooperate },
    Pass { name: "unroll", after: "no Unroll ranges", run: unroll::unroll },
    Pass { name: "sums", after: "steps of a sum of products share registers", run: gpu::sums },
    Pass { name: "threads", after: "no Grid and Thread ranges; SPECIAL and SHUFFLE instead", run: gpu::threads },
    Pass { name: "pairs", after: "matrices are loaded by fours", run: gpu::pairs },
    Pass { name: "vectorize", after: "no Lane ranges; vectors instead", run: vectorize::vectorize },
    Pass { name: "exchange", after: "pairs of narrow results are stored by twos", run: gpu::exchange },
    Pass { name: "wide", after: "neighbours are loaded together", run: gpu::wide },
    Pass { name: "separate", after: "every RANGE is one loop in one place", run: separate::separate },
    Pass { name: "decompose", after: "only operations that every GPU has", run: decompose_for_gpu },
];

/// The passes for `isa`, in order.
pub fn passes(isa: Isa) -> &'static [Pass] {
    match isa {
        _ if isa.is_gpu() => GPU_PASSES,
        _ if isa.has_scaling() => SCALING_PASSES,
        _ => PASSES,
    }
}

/// Replaces each operation that has a decomposition.
fn decompose(kernel: Uop, isa: Isa) -> Uop {
    let mut done = Memo::new(kernel.graph());
    rebuild(kernel, &mut done, |node| {
        transcendental::decompose(node, isa).or_else(|| tf32::decompose(node)).unwrap_or(node)
    })
}

/// [`decompose`], but for what GPUs have: powers of two and logarithms of f32, and rounding to TensorFloat-32; and without
/// quotients of f32.
fn decompose_for_gpu<'g>(kernel: Uop<'g>, _: &mut Simplifier<'g>) -> Uop<'g> {
    let mut done = Memo::new(kernel.graph());
    let has = |node: Uop| matches!(node.op(), Op::Exp2 | Op::Log2) && node.dtype().scalar == Scalar::F32;
    rebuild(kernel, &mut done, |node| match transcendental::decompose(node, Isa::Sm80).filter(|_| !has(node)) {
        Some(steps) => by_reciprocals(steps, node),
        None => node,
    })
}

/// `steps`, which compute `node`, with products in place of quotients of f32. RECIP is an instruction of GPUs, and the
/// divisors of decompositions are neither so large nor so small that it would lose anything.
fn by_reciprocals<'g>(steps: Uop<'g>, node: Uop<'g>) -> Uop<'g> {
    let mut done = Memo::new(steps.graph());
    for given in node.srcs() {
        done.insert(given, given);
    }
    let is_quotient = |step: Uop| step.op() == Op::Fdiv && step.dtype().scalar == Scalar::F32;
    rebuild(steps, &mut done, |step| if is_quotient(step) { step.src(0) * step.src(1).recip() } else { step })
}

/// The instructions of `kernel` for `isa`: all passes, then [`linearize`]; on a processor then steps of sums in turn, sums
/// without zeros, and requests for what comes next; on a GPU copies that run ahead, waits for products, barriers, loads ahead of
/// products, and loops that wait ahead.
pub fn lower<'g>(kernel: Uop<'g>, isa: Isa, simplifier: &mut Simplifier<'g>) -> Linear<'g> {
    let run = |kernel, pass: &Pass| {
        let passed = (pass.run)(kernel, simplifier);
        simplifier.mark(pass.name, &[passed]);
        passed
    };
    let list = linearize(passes(isa).iter().fold(kernel, run));
    if !isa.is_gpu() {
        let hinted = prefetch::prefetch(skip::skip(taps::in_turn(list)), simplifier);
        let linear = lookahead::lookahead(hinted, simplifier);
        simplifier.mark("linearize", &linear.0);
        return linear;
    }
    simplifier.mark("linearize", &list.0);
    let ordered = gpu::early(gpu::barriers(gpu::settle(gpu::ahead(list, simplifier))));
    simplifier.mark("order", &ordered.0);
    let rotated = gpu::rotate(ordered, simplifier);
    simplifier.mark("rotate", &rotated.0);
    rotated
}
