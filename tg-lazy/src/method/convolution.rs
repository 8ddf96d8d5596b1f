//! Methods of the theme `convolution` on lazy tensors.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::tensor_with;
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// The convolution of `x`, (n, channels, length), with `weights`, (out, channels / groups, taps), to (n, out, …);
    /// `bias`, (out,), is added. Stride and dilation are 1, padding (of zeros, on both sides) 0 and groups 1 if left
    /// out. Products with padding may be left out, so that results there are finite where a weight is infinite.
    ///
    /// * `weights`: a tensor
    /// * `optional`: the first of (`bias`, `stride`, `padding`, `dilation`, `groups`) in a tuple, or `()`
    ///   * `bias`: a tensor, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    ///   * `dilation`: an integer, or one for each axis, or `()`
    ///   * `groups`: an integer, or `()`
    #[track_caller]
    pub fn conv1d(&self, weights: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("conv1d", vec![self.into(), weights.into()], optional.into())
    }

    /// The convolution of `x`, (n, channels, height, width), with `weights`, (out, channels / groups, kh, kw), to
    /// (n, out, …, …); `bias`, (out,), is added. Stride and dilation are 1, padding (of zeros, on both sides) 0 and
    /// groups 1 if left out; each is one number, or one for each axis. Products with padding may be left out, so that
    /// results there are finite where a weight is infinite.
    ///
    /// * `weights`: a tensor
    /// * `optional`: the first of (`bias`, `stride`, `padding`, `dilation`, `groups`) in a tuple, or `()`
    ///   * `bias`: a tensor, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    ///   * `dilation`: an integer, or one for each axis, or `()`
    ///   * `groups`: an integer, or `()`
    #[track_caller]
    pub fn conv2d(&self, weights: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("conv2d", vec![self.into(), weights.into()], optional.into())
    }

    /// `conv2d` with stride and dilation 1, of floats, in fewer multiplications, after Winograd: m results in a row of kw
    /// taps take m + kw - 1 products, at most 8, and not m·kw. Rounding affects results and the gradient by `x` up to twice as
    /// much, some 6e-7 of their size in f32, and that by `weights` up to seven times. An infinite or NaN element makes others of its
    /// block NaN. Needs memory for the factors of these products. Where they would save less than making them takes, as for few
    /// channels, one tap or more than seven in a row, and sizes that are not known, this is `conv2d`.
    ///
    /// * `weights`: a tensor
    /// * `optional`: the first of (`bias`, `padding`, `groups`) in a tuple, or `()`
    ///   * `bias`: a tensor, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    ///   * `groups`: an integer, or `()`
    #[track_caller]
    pub fn conv2d_winograd(&self, weights: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("conv2d_winograd", vec![self.into(), weights.into()], optional.into())
    }
}
