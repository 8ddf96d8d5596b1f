//! BITCAST: values as the bits they are stored in, and back.

use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Value;

/// A float format narrower than `f32`: mantissa bits, exponent bias, and the code of infinity, if any.
struct Format {
    mantissa: u32,
    bias: i32,
    infinity: Option<u64>,
    nan: u64,
}

fn format(scalar: Scalar) -> Option<Format> {
    let (mantissa, bias, infinity, nan) = match scalar {
        Scalar::F16 => (10, 15, Some(0x7c00), 0x7e00),
        Scalar::BF16 => (7, 127, Some(0x7f80), 0x7fc0),
        Scalar::F8E5M2 => (2, 15, Some(0x7c), 0x7e),
        Scalar::F8E4M3 => (3, 7, None, 0x7f),
        _ => return None,
    };
    Some(Format { mantissa, bias, infinity, nan })
}

/// The same bits read as `to`; `None` if the widths differ.
pub(super) fn bitcast(value: Value, from: DType, to: DType) -> Option<Value> {
    (from.scalar.bits() == to.scalar.bits()).then(|| decode(encode(value, from.scalar), to))
}

fn encode(value: Value, scalar: Scalar) -> u64 {
    match (value, scalar, format(scalar)) {
        (Value::Float(v), _, Some(format)) => format.encode(v, scalar.bits()),
        (Value::Float(v), Scalar::F32, _) => (v as f32).to_bits() as u64,
        (Value::Float(v), _, _) => v.to_bits(),
        (v, ..) => v.as_int().unwrap_or(0) as u64 & (u64::MAX >> (64 - scalar.bits())),
    }
}

fn decode(bits: u64, to: DType) -> Value {
    match (to.scalar.kind(), to.scalar, format(to.scalar)) {
        (Kind::Float, _, Some(format)) => Value::Float(format.decode(bits, to.scalar.bits())),
        (Kind::Float, Scalar::F32, _) => Value::Float(f32::from_bits(bits as u32) as f64),
        (Kind::Float, ..) => Value::Float(f64::from_bits(bits)),
        _ => crate::ir::cast(Value::Int(bits as i128), to),
    }
}

impl Format {
    /// `v` is a number of this format already.
    fn encode(&self, v: f64, width: u32) -> u64 {
        let sign = (v.is_sign_negative() as u64) << (width - 1);
        let magnitude = if v.is_nan() {
            self.nan
        } else if v.is_infinite() {
            self.infinity.unwrap_or(self.nan)
        } else {
            let exponent = ((v.to_bits() >> 52) & 0x7ff) as i32 - 1023;
            let least = 1 - self.bias;
            let fraction = (v.abs() / 2f64.powi(exponent.max(least) - self.mantissa as i32)) as u64;
            // A normal number's leading bit carries into the exponent field and so adds one to it.
            ((exponent.max(least) - least) as u64).wrapping_shl(self.mantissa) + fraction
        };
        sign | magnitude
    }

    fn decode(&self, bits: u64, width: u32) -> f64 {
        let sign = if bits >> (width - 1) & 1 == 1 { -1.0 } else { 1.0 };
        let magnitude = bits & ((1 << (width - 1)) - 1);
        let is_nan = self.infinity.map_or(magnitude == self.nan, |inf| magnitude > inf);
        if is_nan || Some(magnitude) == self.infinity {
            return if is_nan { f64::NAN } else { sign * f64::INFINITY };
        }
        let field = (magnitude >> self.mantissa) as i32;
        let fraction = magnitude & ((1 << self.mantissa) - 1);
        let significand = if field == 0 { fraction } else { fraction | 1 << self.mantissa };
        sign * significand as f64 * 2f64.powi(field.max(1) - self.bias - self.mantissa as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_narrow_float_survives_the_way_through_its_bits() {
        for (float, int, width) in [
            (DType::F16, DType::U16, 16),
            (DType::BF16, DType::U16, 16),
            (DType::F8E5M2, DType::U8, 8),
            (DType::F8E4M3, DType::U8, 8),
        ] {
            for bits in 0..1i128 << width {
                let value = bitcast(Value::Int(bits), int, float).unwrap();
                let back = bitcast(value, float, int).unwrap();
                assert!(value.to_f64().is_nan() || back == Value::Int(bits), "{float} {bits:#x} {value} {back}");
                assert!(value.to_f64().is_nan() || crate::ir::cast(value, float) == value, "{float} {value}");
            }
        }
    }

    #[test]
    fn known_patterns() {
        let as_int = |v, from, to| bitcast(Value::Float(v), from, to).and_then(|v| v.as_int());
        assert_eq!(as_int(1.0, DType::F32, DType::I32), Some(0x3f80_0000));
        assert_eq!(as_int(-0.0, DType::F32, DType::I32), Some(i32::MIN as i128));
        assert_eq!(as_int(1.5, DType::F16, DType::U16), Some(0x3e00));
        assert_eq!(as_int(-1.0, DType::F64, DType::U64), Some(0xbff0_0000_0000_0000));
        assert_eq!(as_int(1.0, DType::F32, DType::I64), None);
    }
}
