//! Conversions between types of lanes, by value and by bits.

use super::{BF16, F16, Lanes, Scalar};

/// Conversion by value: floats to integers truncate and saturate (NaN is 0), integers wrap, to `bool` is `!= 0`.
pub trait Cast<T>: Scalar {
    /// The value as a `T`.
    fn cast(self) -> T;
}

/// Types of which the bits can be read as another type of their width.
pub trait Bits: Scalar {
    /// The bits, in the lowest places.
    fn to_bits(self) -> u64;
    /// The value with these bits.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! convert {
    ($($from:ty => $to:ty: |$x:ident| $body:expr;)*) => {$(
        impl Cast<$to> for $from {
            #[inline(always)]
            fn cast(self) -> $to { let $x = self; $body }
        }
    )*};
}

macro_rules! to_numbers {
    ($($from:ty)*) => {$(
        convert! {
            $from => u8: |x| x as u8;
            $from => u16: |x| x as u16;
            $from => u32: |x| x as u32;
            $from => u64: |x| x as u64;
            $from => i8: |x| x as i8;
            $from => i16: |x| x as i16;
            $from => i32: |x| x as i32;
            $from => i64: |x| x as i64;
            $from => f32: |x| x as f32;
            $from => f64: |x| x as f64;
            $from => F16: |x| F16::new(x as f64);
            $from => BF16: |x| BF16::new(x as f64);
            $from => bool: |x| x != 0 as $from;
        }
    )*};
}

macro_rules! by_way_of {
    ($($from:ty, $middle:ty, |$x:ident| $body:expr => $($to:ty)*;)*) => {$($(
        convert! { $from => $to: |$x| Cast::<$to>::cast({ let wide: $middle = $body; wide }); }
    )*)*};
}

to_numbers! { u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 }
by_way_of! {
    bool, u8, |x| x as u8 => u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 F16 BF16 bool;
    F16, f64, |x| x.get() => u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 F16 BF16 bool;
    BF16, f64, |x| x.get() => u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 F16 BF16 bool;
}

macro_rules! bits {
    ($($ty:ty: |$x:ident| $to:expr, |$bits:ident| $from:expr;)*) => {$(
        impl Bits for $ty {
            #[inline(always)]
            fn to_bits(self) -> u64 { let $x = self; $to }
            #[inline(always)]
            fn from_bits($bits: u64) -> $ty { $from }
        }
    )*};
}

bits! {
    u8: |x| x as u64, |b| b as u8;
    u16: |x| x as u64, |b| b as u16;
    u32: |x| x as u64, |b| b as u32;
    u64: |x| x, |b| b;
    i8: |x| x as u8 as u64, |b| b as i8;
    i16: |x| x as u16 as u64, |b| b as i16;
    i32: |x| x as u32 as u64, |b| b as i32;
    i64: |x| x as u64, |b| b as i64;
    F16: |x| x.0 as u64, |b| F16(b as u16);
    BF16: |x| x.0 as u64, |b| BF16(b as u16);
    f32: |x| x.to_bits() as u64, |b| f32::from_bits(b as u32);
    f64: |x| x.to_bits(), |b| f64::from_bits(b);
}

/// Each lane as a `T`, by value.
#[inline(always)]
pub fn cast<T: Scalar, X: Lanes<Element: Cast<T>>>(x: X) -> X::Of<T> {
    x.map(<X::Element as Cast<T>>::cast)
}

/// The bits of each lane as a `T` of the same width.
#[inline(always)]
pub fn bitcast<T: Bits, X: Lanes<Element: Bits>>(x: X) -> X::Of<T> {
    x.map(|x| T::from_bits(x.to_bits()))
}
