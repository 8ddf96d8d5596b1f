//! ROUND_TF32 as integer arithmetic on the bits, for processors; GPUs have an instruction.

use crate::dtype::DType;
use crate::ir::{Op, Uop, Value};

/// The expression that computes `node`; `None` if it is no ROUND_TF32.
///
/// Adding half a unit to the bits carries into the exponent where the fraction overflows, also to infinity. A NaN stays
/// itself, for its bits could wrap.
pub(super) fn decompose(node: Uop) -> Option<Uop> {
    if node.op() != Op::RoundTf32 {
        return None;
    }
    let x = node.src(0);
    let bits = x.bitcast(DType::U32.vec(x.dtype().lanes));
    let nearest = (bits + 0x1000i64) & Value::Int(0xffff_e000);
    Some(x.differs(x).choose(x, nearest.bitcast(x.dtype())))
}
