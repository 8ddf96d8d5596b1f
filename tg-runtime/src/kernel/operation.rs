//! Elementwise operations but conversions: what they are on each type of lane, and on all lanes.

use super::{BF16, F16, Lanes, Same};

/// Numbers, and `bool` as the integers modulo 2.
pub trait Number: PartialOrd + Copy {
    /// `x + y`; integers wrap.
    fn add(self, y: Self) -> Self;
    /// `x - y`; integers wrap.
    fn sub(self, y: Self) -> Self;
    /// `x * y`; integers wrap.
    fn mul(self, y: Self) -> Self;
    /// `-x`; integers wrap.
    fn neg(self) -> Self;
    /// The larger; NaN if either is NaN.
    fn max(self, y: Self) -> Self;
}

/// What can be divided with a remainder.
pub trait Remainder: Copy {
    /// The remainder of truncating division; the remainder of an integer and 0 is the integer.
    fn rem(self, y: Self) -> Self;
}

/// Integers.
pub trait Integer: Copy {
    /// `x / y`, truncated; 0 for `y` = 0.
    fn div(self, y: Self) -> Self;
    /// Shifted left; the amount is taken modulo the width.
    fn shl(self, y: Self) -> Self;
    /// Shifted right, arithmetically if signed; the amount is taken modulo the width.
    fn shr(self, y: Self) -> Self;
}

/// Floats.
pub trait Float: Copy {
    /// `x / y`.
    fn fdiv(self, y: Self) -> Self;
    /// `1 / x`.
    fn recip(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Rounded toward zero.
    fn trunc(self) -> Self;
}

/// Bits: integers and `bool`.
pub trait Logic: Copy {
    /// Bitwise and.
    fn and(self, y: Self) -> Self;
    /// Bitwise or.
    fn or(self, y: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, y: Self) -> Self;
}

macro_rules! define {
    ($ty:ty: $trait:ident $($name:ident($x:ident $(, $y:ident)?) => $body:expr;)*) => {
        impl $trait for $ty {
            $(#[inline(always)] fn $name(self $(, $y: Self)?) -> Self { let $x = self; $body })*
        }
    };
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        define! { $ty: Number
            add(x, y) => x.wrapping_add(y);
            sub(x, y) => x.wrapping_sub(y);
            mul(x, y) => x.wrapping_mul(y);
            neg(x) => x.wrapping_neg();
            max(x, y) => if y > x { y } else { x };
        }
        define! { $ty: Remainder
            rem(x, y) => if y == 0 { x } else { x.wrapping_rem(y) };
        }
        define! { $ty: Integer
            div(x, y) => if y == 0 { 0 } else { x.wrapping_div(y) };
            shl(x, y) => x.wrapping_shl(y as u32);
            shr(x, y) => x.wrapping_shr(y as u32);
        }
        bits! { $ty }
    )*};
}

macro_rules! bits {
    ($ty:ty) => {
        define! { $ty: Logic
            and(x, y) => x & y;
            or(x, y) => x | y;
            xor(x, y) => x ^ y;
        }
    };
}

macro_rules! floats {
    ($($ty:ty)*) => {$(
        define! { $ty: Number
            add(x, y) => x + y;
            sub(x, y) => x - y;
            mul(x, y) => x * y;
            neg(x) => -x;
            max(x, y) => if x > y || x.is_nan() { x } else { y };
        }
        define! { $ty: Remainder
            rem(x, y) => x % y;
        }
        define! { $ty: Float
            fdiv(x, y) => x / y;
            recip(x) => 1.0 / x;
            sqrt(x) => x.sqrt();
            trunc(x) => x.trunc();
        }
    )*};
}

/// Halves are computed in `f64` and rounded once.
macro_rules! halves {
    ($($ty:ident)*) => {$(
        define! { $ty: Number
            add(x, y) => $ty::new(x.get() + y.get());
            sub(x, y) => $ty::new(x.get() - y.get());
            mul(x, y) => $ty::new(x.get() * y.get());
            neg(x) => $ty::new(-x.get());
            max(x, y) => if x > y || x.get().is_nan() { x } else { y };
        }
        define! { $ty: Remainder
            rem(x, y) => $ty::new(x.get() % y.get());
        }
        define! { $ty: Float
            fdiv(x, y) => $ty::new(x.get() / y.get());
            recip(x) => $ty::new(1.0 / x.get());
            sqrt(x) => $ty::new(x.get().sqrt());
            trunc(x) => $ty::new(x.get().trunc());
        }
    )*};
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }
floats! { f32 f64 }
halves! { F16 BF16 }
bits! { bool }
define! { bool: Number
    add(x, y) => x ^ y;
    sub(x, y) => x ^ y;
    mul(x, y) => x & y;
    neg(x) => x;
    max(x, y) => x | y;
}

macro_rules! lanewise {
    ($($trait:ident: $($name:ident)*, $($unary:ident)*;)*) => {$(
        $(
            #[doc = concat!("[`", stringify!($trait), "::", stringify!($name), "`] of each pair of lanes.")]
            #[inline(always)]
            pub fn $name<X: Lanes<Element: $trait>>(x: X, y: X) -> Same<X> {
                x.zip(y, <X::Element as $trait>::$name)
            }
        )*
        $(
            #[doc = concat!("[`", stringify!($trait), "::", stringify!($unary), "`] of each lane.")]
            #[inline(always)]
            pub fn $unary<X: Lanes<Element: $trait>>(x: X) -> Same<X> {
                x.map(<X::Element as $trait>::$unary)
            }
        )*
    )*};
}

lanewise! {
    Number: add sub mul max, neg;
    Remainder: rem,;
    Integer: div shl shr,;
    Float: fdiv, recip sqrt trunc;
    Logic: and or xor,;
}

macro_rules! comparisons {
    ($($name:ident $op:tt;)*) => {$(
        #[doc = concat!("`x ", stringify!($op), " y` of each pair of lanes.")]
        #[inline(always)]
        pub fn $name<X: Lanes<Element: PartialOrd>>(x: X, y: X) -> X::Of<bool> {
            x.zip(y, |x, y| x $op y)
        }
    )*};
}

comparisons! {
    lt <;
    ne !=;
    eq ==;
}

/// `x * y + z`, rounded once where the processor can, else twice.
#[inline(always)]
pub fn mulacc<X: Lanes<Element: Number>>(x: X, y: X, z: Same<X>) -> Same<Same<X>>
where
    Same<X>: Lanes<Element: Number>,
{
    add(mul(x, y), z)
}

/// Lanes of `yes` where `mask` holds, of `no` elsewhere.
#[inline(always)]
pub fn select<X: Lanes>(mask: X::Of<bool>, yes: X, no: X) -> X {
    X::select(mask, yes, no)
}

/// `x / y`, floored.
#[inline(always)]
pub fn floor_div<X: Lanes<Element = i64>>(x: X, y: X) -> Same<X> {
    x.zip(y, |x, y| Integer::div(x, y) - (Remainder::rem(x, y) != 0 && (x < 0) != (y < 0)) as i64)
}

/// The remainder of floored division.
#[inline(always)]
pub fn floor_mod<X: Lanes<Element = i64>>(x: X, y: X) -> Same<X> {
    let floored = |r: i64, y: i64| if r != 0 && (r < 0) != (y < 0) { r.wrapping_add(y) } else { r };
    x.zip(y, |x, y| floored(Remainder::rem(x, y), y))
}
