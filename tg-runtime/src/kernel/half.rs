//! The 16-bit float types, as kernels compute with them: in `f64`, rounded once.
//!
//! The types of tensors are those of the `half` crate; these have the same bits.

use std::cmp::Ordering;

macro_rules! halves {
    ($($(#[$doc:meta])* $name:ident $fraction:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name(pub u16);

        impl $name {
            /// The nearest value, ties to even.
            #[inline(always)]
            pub fn new(x: f64) -> $name {
                $name(narrow(x, $fraction))
            }

            /// The value, exactly.
            #[inline(always)]
            pub fn get(self) -> f64 {
                widen(self.0, $fraction)
            }
        }

        impl PartialEq for $name {
            #[inline(always)]
            fn eq(&self, other: &$name) -> bool {
                self.get() == other.get()
            }
        }

        impl PartialOrd for $name {
            #[inline(always)]
            fn partial_cmp(&self, other: &$name) -> Option<Ordering> {
                self.get().partial_cmp(&other.get())
            }
        }
    )*};
}

halves! {
    /// IEEE half precision.
    F16 10;
    /// The upper half of an `f32`.
    BF16 7;
}

/// What is added to the exponent, in a format with so many bits of fraction.
fn bias(fraction: u32) -> i32 {
    (1 << (14 - fraction)) - 1
}

/// `2^exponent`, for normal results.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

fn narrow(x: f64, fraction: u32) -> u16 {
    let infinity = (0x7fff_u64 >> fraction) << fraction;
    let sign = (x.is_sign_negative() as u16) << 15;
    if x.is_nan() {
        return sign | infinity as u16 | 1 << (fraction - 1);
    }
    let least = 1 - bias(fraction);
    let exponent = ((x.abs().to_bits() >> 52) as i32 - 1023).max(least);
    let steps = (x.abs() / power(exponent - fraction as i32)).round_ties_even() as u64;
    // A normal number's leading bit carries into the exponent field and so adds one to it.
    let magnitude = (((exponent - least) as u64) << fraction).saturating_add(steps);
    sign | magnitude.min(infinity) as u16
}

fn widen(bits: u16, fraction: u32) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let field = ((bits & 0x7fff) >> fraction) as i32;
    let below = bits & ((1 << fraction) - 1);
    if field == 0x7fff >> fraction {
        return if below == 0 { sign * f64::INFINITY } else { f64::NAN };
    }
    let significand = if field == 0 { below } else { below | 1 << fraction };
    sign * significand as f64 * power(field.max(1) - bias(fraction) - fraction as i32)
}
