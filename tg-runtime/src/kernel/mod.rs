//! What kernels rendered as Rust are written in: one function for each operation, on scalars and vectors alike.
//!
//! A kernel says `add(x, y)`, `select(m, a, b)` or `cast::<f32, _>(x)` whatever its operands are: a scalar, or [`V`],
//! a vector of `N` lanes, on which every function works lane by lane. Results are those of the compiler's own
//! evaluator: integers wrap, floats become integers by truncating and saturating, MAX of a NaN is NaN, shifts take
//! their amount modulo the width; an integer divided by zero is 0 and leaves itself as the remainder, as in C kernels.
//!
//! Safety. Everything but [`load`], [`load_lanes`] and [`store`] is safe. These three access
//! `pointer + index` unchecked: the compiler derives every index from loops that stay within the shapes it laid the
//! buffers out for, and the caller of a kernel promises buffers of those sizes, aligned for their elements, that no one
//! else writes meanwhile.
//!
//! Not for use by hand, and free of other modules, so that it can be compiled together with kernels alone.

mod convert;
mod half;
mod operation;

pub use self::convert::{Bits, Cast, bitcast, cast};
pub use self::half::{BF16, F16};
pub use self::operation::*;

/// The type of one lane.
pub trait Scalar: Copy {
    /// `N` values from memory.
    ///
    /// # Safety
    /// `pointer` is aligned and valid for reading `N` initialized values.
    #[inline(always)]
    unsafe fn read<const N: usize>(pointer: *const Self) -> [Self; N] {
        // SAFETY: an array has the alignment of its elements and no padding, so this reads what the caller promises.
        unsafe { pointer.cast::<[Self; N]>().read() }
    }
}

impl Scalar for bool {
    #[inline(always)]
    unsafe fn read<const N: usize>(pointer: *const bool) -> [bool; N] {
        // SAFETY: as above; bytes may hold any value, of which a bool may only be two.
        let bytes = unsafe { pointer.cast::<[u8; N]>().read() };
        std::array::from_fn(|i| bytes[i] != 0)
    }
}

macro_rules! scalars {
    ($($ty:ty)*) => { $(impl Scalar for $ty {})* };
}

scalars! { u8 u16 u32 u64 i8 i16 i32 i64 F16 BF16 f32 f64 }

/// A vector of `N` lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct V<T, const N: usize>(pub [T; N]);

/// A scalar or a vector.
pub trait Lanes: Copy {
    /// The type of one lane.
    type Element: Scalar;
    /// As many lanes of another type.
    type Of<T: Scalar>: Lanes<Element = T>;
    /// `f` of each lane.
    fn map<T: Scalar>(self, f: impl Fn(Self::Element) -> T) -> Self::Of<T>;
    /// `f` of each pair of lanes.
    fn zip<T: Scalar>(self, other: Self, f: impl Fn(Self::Element, Self::Element) -> T) -> Self::Of<T>;
    /// Lanes of `yes` where `mask` holds, of `no` elsewhere.
    fn select(mask: Self::Of<bool>, yes: Self, no: Self) -> Self;
    /// Writes all lanes.
    ///
    /// # Safety
    /// `pointer` is aligned for an element and valid for writing all lanes.
    unsafe fn write(self, pointer: *mut Self::Element);
}

/// The lanes of `X`, in a form that is known to have the same type of element.
pub type Same<X> = <X as Lanes>::Of<<X as Lanes>::Element>;

impl<S: Scalar> Lanes for S {
    type Element = S;
    type Of<T: Scalar> = T;

    #[inline(always)]
    fn map<T: Scalar>(self, f: impl Fn(S) -> T) -> T {
        f(self)
    }

    #[inline(always)]
    fn zip<T: Scalar>(self, other: S, f: impl Fn(S, S) -> T) -> T {
        f(self, other)
    }

    #[inline(always)]
    fn select(mask: bool, yes: S, no: S) -> S {
        if mask { yes } else { no }
    }

    #[inline(always)]
    unsafe fn write(self, pointer: *mut S) {
        // SAFETY: the caller's promise.
        unsafe { pointer.write(self) }
    }
}

impl<S: Scalar, const N: usize> Lanes for V<S, N> {
    type Element = S;
    type Of<T: Scalar> = V<T, N>;

    #[inline(always)]
    fn map<T: Scalar>(self, f: impl Fn(S) -> T) -> V<T, N> {
        V(std::array::from_fn(|i| f(self.0[i])))
    }

    #[inline(always)]
    fn zip<T: Scalar>(self, other: Self, f: impl Fn(S, S) -> T) -> V<T, N> {
        V(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn select(mask: V<bool, N>, yes: Self, no: Self) -> Self {
        V(std::array::from_fn(|i| if mask.0[i] { yes.0[i] } else { no.0[i] }))
    }

    #[inline(always)]
    unsafe fn write(self, pointer: *mut S) {
        // SAFETY: an array has the alignment of its elements and no padding: the caller's promise.
        unsafe { pointer.cast::<[S; N]>().write(self.0) }
    }
}

/// A vector of copies of `x`.
#[inline(always)]
pub fn splat<const N: usize, T: Scalar>(x: T) -> V<T, N> {
    V([x; N])
}

/// The element at `pointer + index`.
///
/// # Safety
/// That place is within the buffer, initialized and aligned.
#[inline(always)]
pub unsafe fn load<T: Scalar>(pointer: *const T, index: i64) -> T {
    // SAFETY: the caller's promise; a buffer is smaller than `isize::MAX`.
    unsafe { T::read::<1>(pointer.offset(index as isize))[0] }
}

/// The `N` elements from `pointer + index`.
///
/// # Safety
/// These places are within the buffer, initialized and aligned for one element.
#[inline(always)]
pub unsafe fn load_lanes<const N: usize, T: Scalar>(pointer: *const T, index: i64) -> V<T, N> {
    // SAFETY: the caller's promise; a buffer is smaller than `isize::MAX`.
    unsafe { V(T::read::<N>(pointer.offset(index as isize))) }
}

/// Writes the lanes of `x` from `pointer + index`.
///
/// # Safety
/// These places are within the buffer and aligned for one element, and nothing else accesses them meanwhile.
#[inline(always)]
pub unsafe fn store<X: Lanes>(pointer: *mut X::Element, index: i64, x: X) {
    // SAFETY: the caller's promise; a buffer is smaller than `isize::MAX`.
    unsafe { x.write(pointer.offset(index as isize)) }
}

/// Writes lane `i` of `x` at `pointer + first + i * step`.
///
/// # Safety
/// These places are within the buffer and aligned for one element, and nothing else accesses them meanwhile.
#[inline(always)]
pub unsafe fn store_apart<const N: usize, T: Scalar>(pointer: *mut T, first: i64, step: i64, x: V<T, N>) {
    for (lane, value) in (0..).zip(x.0) {
        // SAFETY: the caller's promise; a buffer is smaller than `isize::MAX`.
        unsafe { pointer.offset((first + lane * step) as isize).write(value) }
    }
}

#[cfg(test)]
mod tests;
