//! The types a tensor can hold, and how each is read from bytes and printed.
//!
//! The set is closed: kernels are compiled for exactly these.

use std::fmt;

use tg_core::dtype::DType;

pub use half::{bf16, f16};

mod sealed {
    pub trait Sealed {}
}

/// A type of tensor elements: `f16 bf16 f32 f64`, `i8`…`i64`, `u8`…`u64` and `bool`.
///
/// # Safety
/// Implementors have no padding, and all zero bits are a value.
pub unsafe trait Element:
    Copy + PartialEq + PartialOrd + fmt::Debug + fmt::Display + Default + Send + Sync + 'static + sealed::Sealed
{
    /// The same type as the compiler knows it.
    const DTYPE: DType;
    /// Zero, or `false`.
    const ZERO: Self;
    /// One, or `true`.
    const ONE: Self;

    /// The value stored little-endian in `bytes`; `None` if the length is wrong or no value has these bits.
    fn from_le(bytes: &[u8]) -> Option<Self>;

    /// The value as a float, if this is a float type: printing looks at magnitudes.
    #[doc(hidden)]
    fn as_float(self) -> Option<f64>;

    /// Shortest decimal text in scientific notation, `1.5e-7`.
    #[doc(hidden)]
    fn scientific(self) -> String;
}

/// A floating-point element.
pub trait Float: Element {
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
}

macro_rules! numbers_are_elements {
    ($($type:ident $dtype:ident $zero:expr, $one:expr, $float:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        // SAFETY: primitive and `repr(transparent)` numbers have no padding, and zero bits are 0.
        unsafe impl Element for $type {
            const DTYPE: DType = DType::$dtype;
            const ZERO: Self = $zero;
            const ONE: Self = $one;

            fn from_le(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map($type::from_le_bytes)
            }

            fn as_float(self) -> Option<f64> {
                let float: fn($type) -> Option<f64> = $float;
                float(self)
            }

            fn scientific(self) -> String {
                format!("{self:e}")
            }
        }
    )*};
}

numbers_are_elements! {
    f16 F16 f16::ZERO, f16::ONE, |x| Some(x.to_f64());
    bf16 BF16 bf16::ZERO, bf16::ONE, |x| Some(x.to_f64());
    f32 F32 0.0, 1.0, |x| Some(x.into());
    f64 F64 0.0, 1.0, Some;
    i8 I8 0, 1, |_| None;
    i16 I16 0, 1, |_| None;
    i32 I32 0, 1, |_| None;
    i64 I64 0, 1, |_| None;
    u8 U8 0, 1, |_| None;
    u16 U16 0, 1, |_| None;
    u32 U32 0, 1, |_| None;
    u64 U64 0, 1, |_| None;
}

impl sealed::Sealed for bool {}

// SAFETY: a `bool` is one byte without padding, and the zero byte is `false`.
unsafe impl Element for bool {
    const DTYPE: DType = DType::BOOL;
    const ZERO: Self = false;
    const ONE: Self = true;

    fn from_le(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn as_float(self) -> Option<f64> {
        None
    }

    fn scientific(self) -> String {
        self.to_string()
    }
}

impl Float for f16 {
    fn from_f64(value: f64) -> Self {
        f16::from_f32(to_odd(value))
    }
}

impl Float for bf16 {
    fn from_f64(value: f64) -> Self {
        bf16::from_f32(to_odd(value))
    }
}

impl Float for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Float for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// `value` as f32 of which the last bit is 1 if it is not exact, so that rounding that to 16 bits rounds `value`. The
/// conversions of f64 in `half` ignore its lower 32 bits, and take what is a little above the middle for the middle.
fn to_odd(value: f64) -> f32 {
    let near = value as f32;
    if !near.is_finite() || f64::from(near) == value {
        return near;
    }
    let toward_zero = near.to_bits() - u32::from(f64::from(near).abs() > value.abs());
    f32::from_bits(toward_zero | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_floats_are_the_nearest() {
        // Of 16-bit floats next to each other: what is below, in, and above the middle, by the least that f64 can tell.
        for bits in (0x0001..0x7b00).step_by(7) {
            let [low, high] = [f16::from_bits(bits), f16::from_bits(bits + 1)];
            between(low.to_f64(), high.to_f64(), bits, |x| <f16 as Float>::from_f64(x).to_f64());
        }
        for bits in (0x0001..0x7f00).step_by(7) {
            let [low, high] = [bf16::from_bits(bits), bf16::from_bits(bits + 1)];
            between(low.to_f64(), high.to_f64(), bits, |x| <bf16 as Float>::from_f64(x).to_f64());
        }
        assert!(<bf16 as Float>::from_f64(f64::NAN).is_nan() && <f16 as Float>::from_f64(f64::INFINITY).is_infinite());
        assert_eq!(<bf16 as Float>::from_f64(-1e-300).to_bits(), 0x8000);
    }

    fn between(low: f64, high: f64, bits: u16, nearest: impl Fn(f64) -> f64) {
        let middle = (low + high) / 2.0;
        let even = if bits.is_multiple_of(2) { low } else { high };
        for (x, expected) in [(middle, even), (middle.next_down(), low), (middle.next_up(), high)] {
            assert_eq!((nearest(x), nearest(-x)), (expected, -expected), "{x:e}");
        }
    }

    #[test]
    fn dtype_widths_are_those_of_the_types() {
        fn check<T: Element>() {
            assert_eq!(size_of::<T>(), T::DTYPE.bytes(), "{}", T::DTYPE);
            assert_eq!(T::from_le(&vec![0; size_of::<T>()]), Some(T::ZERO));
            assert_eq!(T::from_le(&vec![0; size_of::<T>() + 1]), None);
            assert_ne!(T::ZERO, T::ONE);
        }
        check::<f16>();
        check::<bf16>();
        check::<f32>();
        check::<f64>();
        check::<i8>();
        check::<i16>();
        check::<i32>();
        check::<i64>();
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u64>();
        check::<bool>();
        assert_eq!(bool::from_le(&[2]), None);
    }
}
