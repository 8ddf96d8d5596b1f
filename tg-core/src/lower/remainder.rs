//! The remainder of floats, x − trunc(x / y)·y, computed in f64.
//!
//! For f32 and narrower it is exact as long as the quotient is below 2²⁹; beyond that, and for f64 from a quotient of
//! 2⁵³ on, digits that the quotient does not have are missing from the result.

use crate::dtype::{DType, Scalar};
use crate::ir::{Op, Uop, Value};

/// `node` by division, if it is MOD on floats.
pub(super) fn remainder(node: Uop) -> Option<Uop> {
    if node.op() != Op::Mod || !node.dtype().is_float() {
        return None;
    }
    let wide = DType { scalar: Scalar::F64, ..node.dtype() };
    let (x, y) = (node.src(0).cast(wide), node.src(1).cast(wide));
    let rest = x - (x / y).unary(Op::Trunc) * y;
    // Dividing by infinity leaves x, where the product above is not a number.
    let infinite = Value::Float(f64::INFINITY);
    let limit = y.equals(infinite) | y.equals(Value::Float(f64::NEG_INFINITY));
    let finite = x.lt(infinite) & x.like(f64::NEG_INFINITY).lt(x);
    let result = (limit & finite).choose(x, rest);
    // A remainder of zero has the sign of x.
    let signed = result.equals(0.0).choose(x * 0.0, result);
    Some(signed.cast(node.dtype()))
}
