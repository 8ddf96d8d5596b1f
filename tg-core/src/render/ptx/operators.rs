//! The table of elementwise operations in PTX: one row for each operation and kind of operand.
//!
//! In a row `$d` is the result and `$0`, `$1`, `$2` the operands; `$t` is the type, `$s` the signed and `$u` the unsigned
//! integer of its width, `$b` the bare width, and `$w` the number of bits less one; `$zero`, `$half`, `$inf` and `$nan`
//! are floats. What takes several instructions is a
//! block with registers and labels of its own. Literals may stand for operands wherever instructions read them.
//!
//! `RECIP`, `EXP2` and `LOG2` of f32 are the approximations of the hardware, which handle denormals. All others round
//! correctly, also division, which takes a call of a function for it. By NVIDIA's documents the approximations are off by
//!
//! | op | at most |
//! |---|---|
//! | RECIP | 1 unit in the last place |
//! | EXP2 | 2 units in the last place |
//! | LOG2 | 2^-22: of the result's size, and absolutely for operands between 0.5 and 2 |
//!
//! ROUND_TF32 makes infinity of a NaN of which only the lower 13 bits of the fraction are set, as the matrix units would; no
//! arithmetic makes such.

use std::borrow::Cow;

use crate::dtype::{Kind, Scalar};
use crate::ir::{Op, Uop};

/// The operands a row is for.
#[derive(Clone, Copy)]
enum On {
    F32,
    F64,
    /// f32 and f64.
    Float,
    /// Integers.
    Int,
    /// Integers of at most 32 bits, held in 32.
    Short,
    /// Integers of 64 bits.
    Long,
    Bool,
    /// Everything but bool, 16-bit floats included.
    Value,
}

fn fits(on: On, scalar: Scalar) -> bool {
    let is_float = matches!(scalar, Scalar::F32 | Scalar::F64);
    let is_int = matches!(scalar.kind(), Kind::Signed | Kind::Unsigned);
    match on {
        On::F32 => scalar == Scalar::F32,
        On::F64 => scalar == Scalar::F64,
        On::Float => is_float,
        On::Int => is_int,
        On::Short => is_int && scalar.bits() <= 32,
        On::Long => is_int && scalar.bits() == 64,
        On::Bool => scalar == Scalar::Bool,
        On::Value => scalar != Scalar::Bool,
    }
}

const TABLE: &[(Op, On, &str)] = &[
    (Op::Neg, On::Float, "neg.$t $d, $0;"),
    (Op::Neg, On::Int, "neg.$s $d, $0;"),
    (Op::Recip, On::F32, "rcp.approx.f32 $d, $0;"),
    (Op::Recip, On::F64, "rcp.rn.f64 $d, $0;"),
    (Op::Sqrt, On::Float, "sqrt.rn.$t $d, $0;"),
    (Op::Exp2, On::F32, "ex2.approx.f32 $d, $0;"),
    (Op::Log2, On::F32, "lg2.approx.f32 $d, $0;"),
    (Op::Trunc, On::Float, "cvt.rzi.$t.$t $d, $0;"),
    (Op::RoundTf32, On::F32, "cvt.rna.tf32.f32 $d, $0;"),
    (Op::CutTf32, On::F32, "and.b32 $d, $0, 0xFFFFE000;"),
    (Op::Add, On::Float, "add.$t $d, $0, $1;"),
    (Op::Add, On::Int, "add.$t $d, $0, $1;"),
    (Op::Add, On::Bool, "or.pred $d, $0, $1;"),
    (Op::Sub, On::Float, "sub.$t $d, $0, $1;"),
    (Op::Sub, On::Int, "sub.$t $d, $0, $1;"),
    (Op::Mul, On::Float, "mul.$t $d, $0, $1;"),
    (Op::Mul, On::Int, "mul.lo.$t $d, $0, $1;"),
    (Op::Mul, On::Bool, "and.pred $d, $0, $1;"),
    (Op::Fdiv, On::Float, "div.rn.$t $d, $0, $1;"),
    (Op::Idiv, On::Int, "div.$t $d, $0, $1;"),
    (Op::Mod, On::Int, "rem.$t $d, $0, $1;"),
    (Op::Mod, On::Float, REMAINDER),
    (Op::Max, On::F32, "max.NaN.f32 $d, $0, $1;"),
    (Op::Max, On::F64, "{ .reg .pred n; setp.nan.f64 n, $0, $1; max.f64 $d, $0, $1; selp.f64 $d, $nan, $d, n; }"),
    (Op::Max, On::Int, "max.$t $d, $0, $1;"),
    (Op::Max, On::Bool, "or.pred $d, $0, $1;"),
    (Op::Cmplt, On::Float, "setp.lt.$t $d, $0, $1;"),
    (Op::Cmplt, On::Int, "setp.lt.$t $d, $0, $1;"),
    (Op::Cmplt, On::Bool, "{ .reg .pred n; not.pred n, $0; and.pred $d, n, $1; }"),
    (Op::Cmpne, On::Float, "setp.neu.$t $d, $0, $1;"),
    (Op::Cmpne, On::Int, "setp.ne.$t $d, $0, $1;"),
    (Op::Cmpne, On::Bool, "xor.pred $d, $0, $1;"),
    (Op::Cmpeq, On::Float, "setp.eq.$t $d, $0, $1;"),
    (Op::Cmpeq, On::Int, "setp.eq.$t $d, $0, $1;"),
    (Op::Cmpeq, On::Bool, "{ xor.pred $d, $0, $1; not.pred $d, $d; }"),
    (Op::And, On::Int, "and.$b $d, $0, $1;"),
    (Op::And, On::Bool, "and.pred $d, $0, $1;"),
    (Op::Or, On::Int, "or.$b $d, $0, $1;"),
    (Op::Or, On::Bool, "or.pred $d, $0, $1;"),
    (Op::Xor, On::Int, "xor.$b $d, $0, $1;"),
    (Op::Xor, On::Bool, "xor.pred $d, $0, $1;"),
    (Op::Shl, On::Short, "{ .reg .b32 n; and.b32 n, $1, $w; shl.b32 $d, $0, n; }"),
    (Op::Shl, On::Long, "{ .reg .b32 n; cvt.u32.u64 n, $1; and.b32 n, n, $w; shl.b64 $d, $0, n; }"),
    (Op::Shr, On::Short, "{ .reg .b32 n; and.b32 n, $1, $w; shr.$t $d, $0, n; }"),
    (Op::Shr, On::Long, "{ .reg .b32 n; cvt.u32.u64 n, $1; and.b32 n, n, $w; shr.$t $d, $0, n; }"),
    (Op::Where, On::Value, "selp.$b $d, $1, $2, $0;"),
    (
        Op::Where,
        On::Bool,
        "{ .reg .pred n; and.pred $d, $0, $1; not.pred n, $0; and.pred n, n, $2; or.pred $d, $d, n; }",
    ),
    (Op::Mulacc, On::Float, "fma.rn.$t $d, $0, $1, $2;"),
    (Op::Mulacc, On::Int, "mad.lo.$t $d, $0, $1, $2;"),
];

/// The remainder of floats, exact and with the sign of `$0`: doubles `t` until it is just below `a`, subtracts it where
/// it fits, and halves it again. Every step is exact.
const REMAINDER: &str = "{ .reg .$t a, b, t, u; .reg .pred p; abs.$t a, $0; abs.$t b, $1; mov.$t $d, $nan; \
    setp.lt.$t p, a, $inf; setp.gt.and.$t p, b, $zero, p; @!p bra done; mov.$t t, b; \
    grow: add.$t u, t, t; setp.le.$t p, u, a; @p mov.$t t, u; @p bra grow; \
    shrink: setp.ge.$t p, a, t; @p sub.$t a, a, t; setp.gt.$t p, t, b; @p mul.$t t, t, $half; @p bra shrink; \
    copysign.$t $d, $0, a; done: }";

/// Sums and differences of 16-bit floats: two in a register, or one. Of bf16 there is a multiply-add on every GPU.
const NARROW: &[(Op, Scalar, [&str; 2])] = &[
    (Op::Add, Scalar::F16, ["add.rn.f16x2 $d, $0, $1;", "add.rn.f16 $d, $0, $1;"]),
    (Op::Sub, Scalar::F16, ["sub.rn.f16x2 $d, $0, $1;", "sub.rn.f16 $d, $0, $1;"]),
    (
        Op::Add,
        Scalar::BF16,
        [
            "{ .reg .b32 one; mov.b32 one, 0x3F803F80; fma.rn.bf16x2 $d, $0, one, $1; }",
            "{ .reg .b16 one; mov.b16 one, 0x3F80; fma.rn.bf16 $d, $0, one, $1; }",
        ],
    ),
    (
        Op::Sub,
        Scalar::BF16,
        [
            "{ .reg .b32 one; mov.b32 one, 0xBF80BF80; fma.rn.bf16x2 $d, $1, one, $0; }",
            "{ .reg .b16 one; mov.b16 one, 0xBF80; fma.rn.bf16 $d, $1, one, $0; }",
        ],
    ),
];

/// The rows of `op` on two 16-bit floats in a register, and on one.
pub(super) fn narrow(op: Op, scalar: Scalar) -> Option<[&'static str; 2]> {
    NARROW.iter().find(|(of, on, _)| (*of, *on) == (op, scalar)).map(|(_, _, rows)| *rows)
}

/// Division of indices rounds down: one less where a remainder has not the sign of the divisor.
const FLOOR_DIV: &str = "{ .reg .$s q, r; .reg .pred p; div.$s q, $0, $1; mul.lo.$s r, q, $1; sub.$s r, $0, r; \
    setp.ne.$s p, r, 0; xor.$b r, r, $1; setp.lt.and.$s p, r, 0, p; selp.$s r, 1, 0, p; sub.$s $d, q, r; }";

const FLOOR_MOD: &str = "{ .reg .$s q, r; .reg .pred p; rem.$s r, $0, $1; \
    setp.ne.$s p, r, 0; xor.$b q, r, $1; setp.lt.and.$s p, q, 0, p; selp.$s q, $1, 0, p; add.$s $d, r, q; }";

/// The row for `node`, which computes with operands of `scalar`.
pub(super) fn spelling(node: Uop, scalar: Scalar) -> Cow<'static, str> {
    let is_natural = || node.src(0).vmin() >= 0 && node.src(1).vmin() > 0;
    // Rounding down, a power of two is a shift and a mask, also of negative numbers.
    let power = || node.src(1).as_int().filter(|n| n.count_ones() == 1);
    match (node.op(), node.dtype().is_index()) {
        (Op::Idiv, true) if let Some(n) = power() => return format!("shr.$s $d, $0, {};", n.trailing_zeros()).into(),
        (Op::Mod, true) if let Some(n) = power() => return format!("and.$b $d, $0, {};", n - 1).into(),
        (Op::Idiv, true) => return if is_natural() { "div.$u $d, $0, $1;" } else { FLOOR_DIV }.into(),
        (Op::Mod, true) => return if is_natural() { "rem.$u $d, $0, $1;" } else { FLOOR_MOD }.into(),
        _ => {}
    }
    if let Some([_, one]) = narrow(node.op(), scalar) {
        return one.into();
    }
    let row = TABLE.iter().find(|(op, on, _)| *op == node.op() && fits(*on, scalar));
    row.unwrap_or_else(|| {
        panic!("render: {node:?} on {} has no spelling in PTX; lowering decomposes it", scalar.name())
    })
    .2
    .into()
}

/// Whether the result of an operation on integers held in 32 bits may need more bits than the type has.
pub(super) fn leaves_range(op: Op) -> bool {
    matches!(op, Op::Neg | Op::Add | Op::Sub | Op::Mul | Op::Idiv | Op::Shl | Op::Mulacc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_for_what_is_elementwise_and_each_is_reached() {
        for (i, (op, on, _)) in TABLE.iter().enumerate() {
            assert!(op.is_alu(), "{op}");
            let first = |s: &Scalar| fits(*on, *s) && !TABLE[..i].iter().any(|(o, on, _)| o == op && fits(*on, *s));
            assert!(Scalar::ALL.iter().any(first), "row {i} for {op} is never chosen");
        }
    }
}
