//! ROUND_TF32 and CUT_TF32 as integer arithmetic on the bits, for processors; GPUs have instructions.

use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};

/// The expression that computes `node`; `None` if it is neither.
///
/// Adding half a unit to the bits carries into the exponent where the fraction overflows, also to infinity. A NaN stays
/// itself, for its bits could wrap.
pub(super) fn decompose<'g>(node: Uop<'g>) -> Option<Uop<'g>> {
    let x = matches!(node.op(), Op::RoundTf32 | Op::CutTf32).then(|| node.src(0))?;
    let bits = x.bitcast(DType::U32.vec(x.dtype().lanes));
    let cut = |bits: Uop<'g>| (bits & Value::Int(0xffff_e000)).bitcast(x.dtype());
    Some(match node.op() {
        Op::CutTf32 => cut(bits),
        _ => x.differs(x).choose(x, cut(bits + 0x1000i64)),
    })
}
