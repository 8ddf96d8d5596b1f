//! Conversions between scalars in PTX, as `ir/eval.rs` defines them.
//!
//! Floats become integers truncated and saturated, NaN becomes 0; integers wrap. A conversion without an instruction of
//! its own goes by way of another scalar. Operands are written as in the table of operators.

use crate::dtype::{Kind, Scalar};

/// How to get from one scalar to another.
pub(super) enum Conversion {
    /// The register holds it already.
    Same,
    /// These instructions.
    Direct(String),
    /// By way of this scalar.
    Via(Scalar),
}

use Conversion::{Direct, Same, Via};

/// The conversion of values of `from` to `to`.
pub(super) fn conversion(from: Scalar, to: Scalar) -> Conversion {
    match (from.kind(), to.kind()) {
        _ if from == to => Same,
        (Kind::Bool, _) => Direct(format!("selp.{} $d, {}, $0;", bits_name(to), one_or_zero(to))),
        (Kind::Float, Kind::Float) => between_floats(from, to),
        (Kind::Float, _) if is_half(from) => Via(Scalar::F32),
        (Kind::Float, Kind::Bool) => Direct(format!("setp.neu.{} $d, $0, {};", from.name(), zero(from))),
        (_, Kind::Bool) => Direct(format!("setp.ne.{} $d, $0, 0;", integer(from))),
        (Kind::Float, _) => Direct(truncation(from, to)),
        (_, Kind::Float) if to == Scalar::BF16 => Via(Scalar::F32),
        (_, Kind::Float) => Direct(format!("cvt.rn.{}.{} $d, $0;", to.name(), integer(from))),
        _ => between_integers(from, to),
    }
}

fn between_integers(from: Scalar, to: Scalar) -> Conversion {
    match (from.bits(), to.bits()) {
        (64, 64) | (..=32, 32) => Same,
        (64, 32) => Direct("cvt.u32.u64 $d, $0;".into()),
        (64, _) => Via(Scalar::U32),
        (_, 64) => Direct(format!("cvt.{0}64.{0}32 $d, $0;", sign(from))),
        _ if is_within(from, to) => Same,
        (_, bits) => Direct(format!("cvt.{0}32.{0}{bits} $d, $0;", sign(to))),
    }
}

fn between_floats(from: Scalar, to: Scalar) -> Conversion {
    Direct(match (from, to) {
        (Scalar::BF16, Scalar::F32) => "{ .reg .b16 z; mov.b16 z, 0; mov.b32 $d, {z, $0}; }".into(),
        (Scalar::BF16, _) | (Scalar::F16, Scalar::BF16) => return Via(Scalar::F32),
        (Scalar::F64, Scalar::BF16) => ROUND_TWICE.into(),
        _ if to.bits() > from.bits() => format!("cvt.{}.{} $d, $0;", to.name(), from.name()),
        _ => format!("cvt.rn.{}.{} $d, $0;", to.name(), from.name()),
    })
}

/// f64 to bf16. What is cut off on the way through f32 is kept as its lowest bit, so that rounding twice is rounding once.
const ROUND_TWICE: &str = "{ .reg .b32 f, g; .reg .f64 e; .reg .pred p; cvt.rz.f32.f64 f, $0; cvt.f64.f32 e, f; \
    setp.ne.f64 p, e, $0; selp.b32 g, 1, 0, p; or.b32 f, f, g; cvt.rn.bf16.f32 $d, f; }";

/// Instructions clamp to the integers of 32 or 64 bits. NaN gives 0 by itself only from f32 to at most 32 bits.
fn truncation(from: Scalar, to: Scalar) -> String {
    let (float, bits) = (from.name(), to.bits());
    let (low, high) = crate::dtype::DType::scalar(to).int_range().unwrap_or((0, 0));
    let (ty, clamp) = match bits {
        // All of these are within the signed integers of 32 bits.
        ..32 => ("s32".into(), format!(" max.s32 $d, $d, {low}; min.s32 $d, $d, {high};")),
        _ => (format!("{}{bits}", sign(to)), String::new()),
    };
    let convert = format!("cvt.rzi.{ty}.{float} $d, $0;{clamp}");
    match (from, bits) {
        (Scalar::F32, ..=32) => convert,
        _ => format!(
            "{{ .reg .pred n; setp.nan.{float} n, $0, $0; {convert} selp.{} $d, 0, $d, n; }}",
            if bits == 64 { "b64" } else { "b32" }
        ),
    }
}

/// The literals of 1 and 0.
fn one_or_zero(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::F16 => "0x3C00, 0",
        Scalar::BF16 => "0x3F80, 0",
        Scalar::F32 => "0x3F800000, 0",
        Scalar::F64 => "0x3FF0000000000000, 0",
        _ => "1, 0",
    }
}

fn zero(float: Scalar) -> &'static str {
    if float == Scalar::F64 { "0d0000000000000000" } else { "0f00000000" }
}

fn bits_name(scalar: Scalar) -> &'static str {
    super::registers::Class::of(scalar).name()
}

fn integer(scalar: Scalar) -> &'static str {
    super::registers::type_name(scalar)
}

fn sign(scalar: Scalar) -> char {
    if scalar.kind() == Kind::Signed { 's' } else { 'u' }
}

fn is_half(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::F16 | Scalar::BF16)
}

/// Whether every integer of `from` is one of `to`, so that both are held alike.
fn is_within(from: Scalar, to: Scalar) -> bool {
    match (from.kind(), to.kind()) {
        (Kind::Unsigned, Kind::Signed) => from.bits() < to.bits(),
        (a, b) => a == b && from.bits() <= to.bits(),
    }
}
