//! Methods of the theme `random` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor;
use crate::tensor::Tensor;
use crate::value::Value;

impl Tensor {
    /// `x` with each element 0 with probability `p`, and divided by `1 - p` otherwise: those stay that in
    /// `uniform(x.shape(), 0.0, 1.0, seed)` are at least `p`. The gradient takes the same ones.
    ///
    /// * `p`: a number
    /// * `seed`: a tensor or a number
    #[track_caller]
    pub fn dropout(&self, p: impl Into<Value>, seed: impl Into<Value>) -> Tensor {
        tensor("dropout", &[self.into(), p.into(), seed.into()])
    }
}

/// Random words, u32, of the stream of `seed`: an integer, or a scalar of integers, of which 64 bits count. Element by
/// element the stream is the same in every shape, on every device; another seed gives another one. What draws several
/// times gives each its own seed, such as `seed * 2` and `seed * 2 + 1`.
///
/// * `shape`: a list of sizes
/// * `seed`: a tensor or a number
#[track_caller]
pub fn random_bits(shape: impl Into<Value>, seed: impl Into<Value>) -> Tensor {
    tensor("random_bits", &[shape.into(), seed.into()])
}

/// Equally likely anywhere from `low` to `high`, in 2²⁴ steps, from the words of `random_bits`: bit for bit the elements of
/// `Tensor::uniform` outside of tensor functions. f32 unless `dtype` is given. `high` comes only by rounding, from 0 to 1
/// only to f16 and bf16.
///
/// * `shape`: a list of sizes
/// * `low`: a number
/// * `high`: a number
/// * `seed`: a tensor or a number
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn uniform(shape: impl Into<Value>, low: impl Into<Value>, high: impl Into<Value>, seed: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("uniform", &[shape.into(), low.into(), high.into(), seed.into(), dtype.into()])
}

/// Standard normal numbers (mean 0, deviation 1) by the method of Box and Muller, in f64, from the words of `random_bits`:
/// the elements of `Tensor::randn` outside of tensor functions, to a few units in the last place of f64, which rarely shows
/// in f32. f32 unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `seed`: a tensor or a number
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn randn(shape: impl Into<Value>, seed: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("randn", &[shape.into(), seed.into(), dtype.into()])
}
