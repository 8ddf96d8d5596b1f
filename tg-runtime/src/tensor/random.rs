//! Random tensors: the same seed gives the same elements, on every machine, in every version, and in tensor functions.

use super::{Tensor, or_abort};
use crate::element::Float;
use crate::error::Result;
use crate::shape::{Shape, StaticShape};
use tg_core::random::{bits, normals, uniform};

impl<T: Float, S: StaticShape> Tensor<T, S> {
    /// Standard normal elements (mean 0, deviation 1) of the stream of `seed`.
    pub fn randn(seed: u64) -> Self {
        or_abort(Self::randn_in(S::SHAPE, seed))
    }

    /// Elements of the stream of `seed`, equally likely anywhere between `low` and `high`: 2²⁴ steps from `low` on.
    /// `high` itself comes only by rounding to `T`, from 0 to 1 only to a type narrower than f32.
    pub fn uniform(low: f64, high: f64, seed: u64) -> Self {
        or_abort(Self::uniform_in(S::SHAPE, low, high, seed))
    }
}

impl<T: Float, S: Shape> Tensor<T, S> {
    /// [`Tensor::randn`] in a shape with run-time dimensions.
    ///
    /// # Errors
    /// [`Error::TooLarge`](crate::Error::TooLarge) or [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn randn_in(shape: S, seed: u64) -> Result<Self> {
        Self::from_pairs(shape, |pair| normals(bits(seed, pair)))
    }

    /// [`Tensor::uniform`] in a shape with run-time dimensions.
    ///
    /// # Errors
    /// [`Error::TooLarge`](crate::Error::TooLarge) or [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn uniform_in(shape: S, low: f64, high: f64, seed: u64) -> Result<Self> {
        Self::from_pairs(shape, |pair| bits(seed, pair).map(|word| uniform(word, low, high)))
    }

    fn from_pairs(shape: S, numbers: impl Fn(u64) -> [f64; 2]) -> Result<Self> {
        let mut tensor = Self::zeros_in(shape)?;
        for (pair, elements) in tensor.as_mut_slice().chunks_mut(2).enumerate() {
            for (element, number) in elements.iter_mut().zip(numbers(pair as u64)) {
                *element = rounded(number);
            }
        }
        Ok(tensor)
    }
}

/// `number` as `T`; to less than 32 bits by way of f32, as kernels convert.
fn rounded<T: Float>(number: f64) -> T {
    T::from_f64(if size_of::<T>() < 4 { f64::from(number as f32) } else { number })
}

#[cfg(test)]
mod tests {
    use crate::shape::{Const, Dyn};
    use crate::tensor::Tensor;

    #[test]
    fn streams_repeat_and_differ_by_seed() {
        let a = Tensor::<f32, (Const<3>, Const<5>)>::randn(1);
        assert_eq!(a, Tensor::randn(1));
        assert_ne!(a, Tensor::randn(2));
        let longer = Tensor::<f32, _>::randn_in((Dyn(99),), 1).unwrap();
        assert_eq!(longer.as_slice()[..15], *a.as_slice());
    }

    #[test]
    fn uniform_stays_between_its_ends() {
        let u = Tensor::<f64, (Const<1000>,)>::uniform(-2.0, 3.0, 4);
        assert!(u.as_slice().iter().all(|x| (-2.0..3.0).contains(x)));
        assert!((u.as_slice().iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.2);
    }
}
