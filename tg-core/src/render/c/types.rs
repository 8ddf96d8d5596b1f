//! C types and literals.

use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Op, Uop};

/// The underlying C type of a scalar.
pub(super) fn c_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool | Scalar::U8 => "unsigned char",
        Scalar::U16 => "unsigned short",
        Scalar::U32 => "unsigned int",
        Scalar::U64 => "unsigned long long",
        Scalar::I8 => "signed char",
        Scalar::I16 => "short",
        Scalar::I32 => "int",
        Scalar::I64 | Scalar::Index => "long long",
        Scalar::F16 => "_Float16",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::BF16 | Scalar::F8E4M3 | Scalar::F8E5M2 => {
            panic!("render: {} has no C type; lowering decomposes it", scalar.name())
        }
    }
}

pub(super) fn type_name(dtype: DType) -> String {
    match (dtype.scalar, dtype.lanes) {
        // Not `b8`, which is the ninth buffer.
        (Scalar::Bool, 1) => "bool8".to_string(),
        (Scalar::Index, 1) => "i64".to_string(),
        (Scalar::Index, n) => format!("i64x{n}"),
        (scalar, 1) => scalar.name().to_string(),
        (scalar, n) => format!("{}x{n}", scalar.name()),
    }
}

/// The signed or unsigned integer with the width of `dtype`.
pub(super) fn integer(dtype: DType, signed: bool) -> DType {
    let scalar = match (dtype.scalar.bits(), signed) {
        (8, true) => Scalar::I8,
        (16, true) => Scalar::I16,
        (32, true) => Scalar::I32,
        (_, true) => Scalar::I64,
        (8, false) => Scalar::U8,
        (16, false) => Scalar::U16,
        (32, false) => Scalar::U32,
        (_, false) => Scalar::U64,
    };
    DType::scalar(scalar).vec(dtype.lanes)
}

/// The integer type that holds a vector of bool; for anything else its own type.
pub(super) fn carrier(node: Uop) -> DType {
    let dtype = node.dtype();
    if !dtype.is_bool() || dtype.lanes == 1 {
        return dtype;
    }
    match node.op() {
        op if op.is_comparison() => integer(carrier(node.src(0)), true),
        Op::Cast => integer(carrier(node.src(0)), true),
        Op::And | Op::Or | Op::Xor | Op::Max | Op::Add | Op::Mul => widest(node.src(0), node.src(1)),
        Op::Where => widest(node.src(1), node.src(2)),
        _ => DType::I8.vec(dtype.lanes),
    }
}

pub(super) fn widest(a: Uop, b: Uop) -> DType {
    let (a, b) = (carrier(a), carrier(b));
    if a.bytes() >= b.bytes() { a } else { b }
}

pub(super) fn integer_literal(v: i128, dtype: DType) -> String {
    match dtype.scalar.kind() {
        Kind::Signed if v == i64::MIN as i128 => format!("(-{}ll - 1)", i64::MAX),
        Kind::Signed if dtype.scalar.bits() == 64 => format!("{v}ll"),
        Kind::Unsigned if dtype.scalar.bits() == 64 => format!("{v}ull"),
        Kind::Unsigned if dtype.scalar.bits() == 32 => format!("{v}u"),
        _ if v == i32::MIN as i128 => format!("({} - 1)", v + 1),
        _ => v.to_string(),
    }
}

pub(super) fn float_literal(v: f64, dtype: DType) -> String {
    let suffix = if dtype.scalar == Scalar::F64 { "" } else { "f" };
    match v {
        _ if v.is_nan() => format!("__builtin_nan{suffix}(\"\")"),
        _ if v.is_infinite() => format!("{}__builtin_inf{suffix}()", if v < 0.0 { "-" } else { "" }),
        _ if dtype.scalar == Scalar::F32 => format!("{:?}f", v as f32),
        _ => format!("{v:?}{suffix}"),
    }
}
