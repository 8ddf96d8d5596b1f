//! What kernels are measured on: buffers with numbers that repeat in every run, and how near two results must be.
//!
//! Floats are between ½ and 1, so that sums do not cancel; integers from 0 to 3, which index anything or nothing.

use tg_core::dtype::{DType, Kind, Scalar};
use tg_core::ir::{Value, cast};

/// How the elements of a buffer are made and compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    /// The type of an element.
    pub dtype: DType,
    /// The bits that every element has.
    pub base: u64,
    /// The bits that differ from element to element.
    pub mask: u64,
    /// The number of the encoding in `launcher.c`; 0 compares bits.
    pub code: u8,
    /// Largest difference of two results, beside their size plus 1.
    pub tolerance: f64,
}

impl Form {
    /// Elements of the type `dtype`.
    pub fn of(dtype: DType) -> Form {
        let (base, mask, code, tolerance) = match (dtype.scalar, dtype.scalar.kind()) {
            (Scalar::F32, _) => (0x3f00_0000, 0x7f_ffff, 1, 1e-4),
            (Scalar::F64, _) => (0x3fe0 << 48, (1 << 52) - 1, 2, 1e-9),
            (Scalar::F16, _) => (0x3800, 0x3ff, 3, 1e-2),
            (Scalar::BF16, _) => (0x3f00, 0x7f, 4, 5e-2),
            (Scalar::Bool, _) => (0, 1, 0, 0.0),
            (_, Kind::Float) => (0x30, 0x7, 0, 0.0),
            _ => (0, 3, 0, 0.0),
        };
        Form { dtype, base, mask, code, tolerance }
    }

    /// Bytes of an element.
    pub fn width(&self) -> usize {
        self.dtype.bytes()
    }

    /// The bits of element `i` of buffer `slot`, as in `launcher.c`.
    pub fn bits(&self, slot: usize, i: usize) -> u64 {
        let random = ((i as u64 + 1).wrapping_mul(2_654_435_761) ^ (slot as u64).wrapping_mul(40_503)) >> 8;
        self.base | (random & self.mask)
    }

    /// The value that an element's bits stand for; `None` for encodings that only kernels know.
    pub fn value(&self, bits: u64) -> Option<Value> {
        match self.dtype.scalar {
            Scalar::F32 => Some(Value::Float(f32::from_bits(bits as u32).into())),
            Scalar::F64 => Some(Value::Float(f64::from_bits(bits))),
            Scalar::BF16 => Some(Value::Float(f32::from_bits((bits as u32) << 16).into())),
            _ if self.dtype.is_float() => None,
            _ => Some(cast(Value::Int(bits.into()), self.dtype)),
        }
    }

    /// Whether `actual` is as good as `expected`.
    pub fn alike(&self, expected: Value, actual: Value) -> bool {
        match (expected, actual) {
            (Value::Float(a), Value::Float(b)) => {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= self.tolerance * (1.0 + a.abs())
            }
            (a, b) => a == b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_between_a_half_and_one_and_integers_small() {
        for &scalar in Scalar::ALL {
            let form = Form::of(DType::scalar(scalar));
            let values = (0..1000).filter_map(|i| form.value(form.bits(1, i)));
            for value in values {
                match value {
                    Value::Float(v) => assert!((0.5..1.0).contains(&v), "{scalar:?}: {v}"),
                    Value::Int(v) => assert!((0..4).contains(&v), "{scalar:?}: {v}"),
                    Value::Bool(_) => {}
                }
            }
        }
    }

    #[test]
    fn results_may_differ_by_rounding_only() {
        let form = Form::of(DType::F32);
        let float = Value::Float;
        assert!(form.alike(float(100.0), float(100.001)) && !form.alike(float(100.0), float(100.1)));
        assert!(form.alike(float(f64::NAN), float(f64::NAN)) && !form.alike(float(0.0), float(f64::NAN)));
        assert!(!Form::of(DType::I32).alike(Value::Int(1), Value::Int(2)));
    }
}
