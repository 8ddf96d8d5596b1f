//! The tensor methods on lazy tensors, and the functions that make some.
//!
//! Written from the table in `tg-core/src/tensor` by `TG_BLESS=1 cargo test -p tg-core --test method_table`; do not edit.

use crate::call::{tensor, tensor_with};
use crate::tensor::Tensor;
use crate::value::{Value, Values};

impl Tensor {
    /// `x + y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn add(&self, y: impl Into<Value>) -> Tensor {
        tensor("add", &[self.into(), y.into()])
    }

    /// `x - y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn sub(&self, y: impl Into<Value>) -> Tensor {
        tensor("sub", &[self.into(), y.into()])
    }

    /// `x * y`, broadcasting; integers wrap.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn mul(&self, y: impl Into<Value>) -> Tensor {
        tensor("mul", &[self.into(), y.into()])
    }

    /// `x / y`, broadcasting; integers truncate toward zero. On floats it is `x * (1/y)`, which may differ from the
    /// correctly rounded quotient in the last bit.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn div(&self, y: impl Into<Value>) -> Tensor {
        tensor("div", &[self.into(), y.into()])
    }

    /// The remainder of `x / y` with the sign of `x`, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn rem(&self, y: impl Into<Value>) -> Tensor {
        tensor("rem", &[self.into(), y.into()])
    }

    /// `-x`; integers wrap.
    #[track_caller]
    pub fn neg(&self) -> Tensor {
        tensor("neg", &[self.into()])
    }

    /// The larger of `x` and `y`, broadcasting; NaN if either is. Where both are equal they share the gradient, except
    /// that a number literal takes none of it and passes none on.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn maximum(&self, y: impl Into<Value>) -> Tensor {
        tensor("maximum", &[self.into(), y.into()])
    }

    /// The smaller of `x` and `y`, broadcasting; NaN if either is. Gradients are as for `maximum`.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn minimum(&self, y: impl Into<Value>) -> Tensor {
        tensor("minimum", &[self.into(), y.into()])
    }

    /// `x` to the power `y`, broadcasting. Small whole exponents multiply, ±½ take square roots.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn pow(&self, y: impl Into<Value>) -> Tensor {
        tensor("pow", &[self.into(), y.into()])
    }

    /// `x * x`.
    #[track_caller]
    pub fn square(&self) -> Tensor {
        tensor("square", &[self.into()])
    }

    /// `1 / x`.
    #[track_caller]
    pub fn recip(&self) -> Tensor {
        tensor("recip", &[self.into()])
    }

    /// `x & y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_and(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_and", &[self.into(), y.into()])
    }

    /// `x | y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_or(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_or", &[self.into(), y.into()])
    }

    /// `x ^ y` of integers or truth values, broadcasting.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn bit_xor(&self, y: impl Into<Value>) -> Tensor {
        tensor("bit_xor", &[self.into(), y.into()])
    }

    /// Not `x` of truth values, all bits flipped of integers.
    #[track_caller]
    pub fn bit_not(&self) -> Tensor {
        tensor("bit_not", &[self.into()])
    }

    /// `x << y` of integers, broadcasting; the amount is taken modulo the width.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn shl(&self, y: impl Into<Value>) -> Tensor {
        tensor("shl", &[self.into(), y.into()])
    }

    /// `x >> y` of integers, broadcasting; keeps the sign; the amount is taken modulo the width.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn shr(&self, y: impl Into<Value>) -> Tensor {
        tensor("shr", &[self.into(), y.into()])
    }

    /// Whether `x < y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn lt(&self, y: impl Into<Value>) -> Tensor {
        tensor("lt", &[self.into(), y.into()])
    }

    /// Whether `x <= y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn le(&self, y: impl Into<Value>) -> Tensor {
        tensor("le", &[self.into(), y.into()])
    }

    /// Whether `x > y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn gt(&self, y: impl Into<Value>) -> Tensor {
        tensor("gt", &[self.into(), y.into()])
    }

    /// Whether `x >= y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn ge(&self, y: impl Into<Value>) -> Tensor {
        tensor("ge", &[self.into(), y.into()])
    }

    /// Whether `x == y`, broadcasting; false if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn eq(&self, y: impl Into<Value>) -> Tensor {
        tensor("eq", &[self.into(), y.into()])
    }

    /// Whether `x != y`, broadcasting; true if either is NaN.
    ///
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn ne(&self, y: impl Into<Value>) -> Tensor {
        tensor("ne", &[self.into(), y.into()])
    }

    /// Not `x`, of a bool tensor; of numbers, whether they are 0.
    #[track_caller]
    pub fn logical_not(&self) -> Tensor {
        tensor("logical_not", &[self.into()])
    }

    /// `x` where the bool tensor `cond` holds, else `y`, broadcasting all three.
    ///
    /// * `x`: a tensor or a number
    /// * `y`: a tensor or a number
    #[track_caller]
    pub fn where_(&self, x: impl Into<Value>, y: impl Into<Value>) -> Tensor {
        tensor("where_", &[self.into(), x.into(), y.into()])
    }

    /// The values as `dtype`: floats to integers truncate and saturate, NaN becomes 0, integers wrap, to bool is `!= 0`.
    ///
    /// * `dtype`: a dtype
    #[track_caller]
    pub fn cast(&self, dtype: impl Into<Value>) -> Tensor {
        tensor("cast", &[self.into(), dtype.into()])
    }

    /// The same bits read as `dtype`, which has the same width.
    ///
    /// * `dtype`: a dtype
    #[track_caller]
    pub fn bitcast(&self, dtype: impl Into<Value>) -> Tensor {
        tensor("bitcast", &[self.into(), dtype.into()])
    }

    /// The same values, stored in memory before they are used.
    #[track_caller]
    pub fn contiguous(&self) -> Tensor {
        tensor("contiguous", &[self.into()])
    }

    /// The same values, through which no gradient flows.
    #[track_caller]
    pub fn detach(&self) -> Tensor {
        tensor("detach", &[self.into()])
    }

    /// `e^x`.
    #[track_caller]
    pub fn exp(&self) -> Tensor {
        tensor("exp", &[self.into()])
    }

    /// `2^x`.
    #[track_caller]
    pub fn exp2(&self) -> Tensor {
        tensor("exp2", &[self.into()])
    }

    /// `e^x - 1`, accurate near 0: below 1 it is `2t / (1 - t)` with `t = tanh(x/2)`, which cancels nothing.
    #[track_caller]
    pub fn expm1(&self) -> Tensor {
        tensor("expm1", &[self.into()])
    }

    /// The natural logarithm.
    #[track_caller]
    pub fn log(&self) -> Tensor {
        tensor("log", &[self.into()])
    }

    /// The base-2 logarithm.
    #[track_caller]
    pub fn log2(&self) -> Tensor {
        tensor("log2", &[self.into()])
    }

    /// The base-10 logarithm.
    #[track_caller]
    pub fn log10(&self) -> Tensor {
        tensor("log10", &[self.into()])
    }

    /// `ln(1 + x)`, accurate near 0: there it is the series of `2 artanh(s)` with `s = x / (2 + x)`.
    #[track_caller]
    pub fn log1p(&self) -> Tensor {
        tensor("log1p", &[self.into()])
    }

    /// The square root.
    #[track_caller]
    pub fn sqrt(&self) -> Tensor {
        tensor("sqrt", &[self.into()])
    }

    /// `1 / √x`.
    #[track_caller]
    pub fn rsqrt(&self) -> Tensor {
        tensor("rsqrt", &[self.into()])
    }

    /// The sine of `x` in radians.
    #[track_caller]
    pub fn sin(&self) -> Tensor {
        tensor("sin", &[self.into()])
    }

    /// The cosine of `x` in radians.
    #[track_caller]
    pub fn cos(&self) -> Tensor {
        tensor("cos", &[self.into()])
    }

    /// The tangent of `x` in radians.
    #[track_caller]
    pub fn tan(&self) -> Tensor {
        tensor("tan", &[self.into()])
    }

    /// The hyperbolic tangent.
    #[track_caller]
    pub fn tanh(&self) -> Tensor {
        tensor("tanh", &[self.into()])
    }

    /// The error function.
    #[track_caller]
    pub fn erf(&self) -> Tensor {
        tensor("erf", &[self.into()])
    }

    /// `|x|`; integers wrap. The gradient at 0 is 0.
    #[track_caller]
    pub fn abs(&self) -> Tensor {
        tensor("abs", &[self.into()])
    }

    /// -1, 0 or 1 as `x` is negative, zero or positive; NaN stays. The gradient is 0.
    #[track_caller]
    pub fn sign(&self) -> Tensor {
        tensor("sign", &[self.into()])
    }

    /// The whole number next to `x` toward zero.
    #[track_caller]
    pub fn trunc(&self) -> Tensor {
        tensor("trunc", &[self.into()])
    }

    /// The largest whole number not above `x`.
    #[track_caller]
    pub fn floor(&self) -> Tensor {
        tensor("floor", &[self.into()])
    }

    /// The smallest whole number not below `x`.
    #[track_caller]
    pub fn ceil(&self) -> Tensor {
        tensor("ceil", &[self.into()])
    }

    /// The nearest whole number; halves go to the even one.
    #[track_caller]
    pub fn round(&self) -> Tensor {
        tensor("round", &[self.into()])
    }

    /// The nearest number with the 10 bits of fraction of TensorFloat-32, ties away from zero; it stays an f32. The relative
    /// error is at most 2⁻¹¹, beyond the largest comes infinity, and the gradient passes as if nothing were rounded. GPUs
    /// multiply matrices of which both are rounded so by their matrix units. Narrower floats have no more bits and stay.
    #[track_caller]
    pub fn round_tf32(&self) -> Tensor {
        tensor("round_tf32", &[self.into()])
    }

    /// `max(x, 0)`; NaN stays. The gradient at 0 is 0.
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        tensor("relu", &[self.into()])
    }

    /// `x` where it is positive, else `slope * x`.
    ///
    /// * `slope`: a number, or `()`
    #[track_caller]
    pub fn leaky_relu(&self, slope: impl Into<Value>) -> Tensor {
        tensor("leaky_relu", &[self.into(), slope.into()])
    }

    /// `x` where it is positive, else `alpha * (e^x - 1)`.
    ///
    /// * `alpha`: a number, or `()`
    #[track_caller]
    pub fn elu(&self, alpha: impl Into<Value>) -> Tensor {
        tensor("elu", &[self.into(), alpha.into()])
    }

    /// `1 / (1 + e^-x)`.
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor {
        tensor("sigmoid", &[self.into()])
    }

    /// `x * sigmoid(x)`.
    #[track_caller]
    pub fn silu(&self) -> Tensor {
        tensor("silu", &[self.into()])
    }

    /// `ln(1 + e^x)`; above 40 that is `x` in every dtype.
    #[track_caller]
    pub fn softplus(&self) -> Tensor {
        tensor("softplus", &[self.into()])
    }

    /// `x * tanh(softplus(x))`.
    #[track_caller]
    pub fn mish(&self) -> Tensor {
        tensor("mish", &[self.into()])
    }

    /// `x/2 * (1 + erf(x/√2))`.
    #[track_caller]
    pub fn gelu(&self) -> Tensor {
        tensor("gelu", &[self.into()])
    }

    /// `gelu` with erf replaced by a tanh: `x/2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`.
    #[track_caller]
    pub fn gelu_tanh(&self) -> Tensor {
        tensor("gelu_tanh", &[self.into()])
    }

    /// `x` limited to -1..1.
    #[track_caller]
    pub fn hardtanh(&self) -> Tensor {
        tensor("hardtanh", &[self.into()])
    }

    /// `x` limited to 0..6.
    #[track_caller]
    pub fn relu6(&self) -> Tensor {
        tensor("relu6", &[self.into()])
    }

    /// `x` limited to `min..=max`; NaN stays. The gradient outside and at constant limits is 0.
    ///
    /// * `min`: a tensor or a number
    /// * `max`: a tensor or a number
    #[track_caller]
    pub fn clamp(&self, min: impl Into<Value>, max: impl Into<Value>) -> Tensor {
        tensor("clamp", &[self.into(), min.into(), max.into()])
    }

    /// The elements in row-major order in another shape; one size may be -1, which is what is left.
    ///
    /// * `shape`: a list of sizes
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Value>) -> Tensor {
        tensor("reshape", &[self.into(), shape.into()])
    }

    /// Axis `i` of the result is axis `axes[i]` of `x`.
    ///
    /// * `axes`: a list of integers
    #[track_caller]
    pub fn permute(&self, axes: impl Into<Value>) -> Tensor {
        tensor("permute", &[self.into(), axes.into()])
    }

    /// The axes `a` and `b` exchanged.
    ///
    /// * `a`: an integer
    /// * `b`: an integer
    #[track_caller]
    pub fn transpose(&self, a: impl Into<Value>, b: impl Into<Value>) -> Tensor {
        tensor("transpose", &[self.into(), a.into(), b.into()])
    }

    /// The transposed matrix.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        tensor("t", &[self.into()])
    }

    /// Repeated along axes of size 1, and along new leading axes, to `shape`; -1 keeps a size.
    ///
    /// * `shape`: a list of sizes
    #[track_caller]
    pub fn expand(&self, shape: impl Into<Value>) -> Tensor {
        tensor("expand", &[self.into(), shape.into()])
    }

    /// With zeros before and after each axis: a pair of counts for each.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    #[track_caller]
    pub fn pad(&self, pairs: impl Into<Value>) -> Tensor {
        tensor("pad", &[self.into(), pairs.into()])
    }

    /// As `pad`, with `value` in place of zeros.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    /// * `value`: a tensor or a number
    #[track_caller]
    pub fn pad_with(&self, pairs: impl Into<Value>, value: impl Into<Value>) -> Tensor {
        tensor("pad_with", &[self.into(), pairs.into(), value.into()])
    }

    /// The part `begin..end` of each axis: a pair for each.
    ///
    /// * `pairs`: a list of pairs of sizes, one for each axis
    #[track_caller]
    pub fn shrink(&self, pairs: impl Into<Value>) -> Tensor {
        tensor("shrink", &[self.into(), pairs.into()])
    }

    /// Reversed along the axes given.
    ///
    /// * `axes`: an axis or a list of axes
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Value>) -> Tensor {
        tensor("flip", &[self.into(), axes.into()])
    }

    /// From each axis the elements `start..end`, every `step`-th: `(start, end, step)` or a range for each of the first
    /// axes. Negative positions count from the end; ends beyond the axis are an error.
    ///
    /// * `ranges`: a list of ranges or (start, end, step), one for each axis
    #[track_caller]
    pub fn slice(&self, ranges: impl Into<Value>) -> Tensor {
        tensor("slice", &[self.into(), ranges.into()])
    }

    /// The slice at `index` of `axis`, which vanishes; a negative index counts from the end.
    ///
    /// * `axis`: an integer
    /// * `index`: a size
    #[track_caller]
    pub fn select(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("select", &[self.into(), axis.into(), index.into()])
    }

    /// The `len` elements from `start` on along `axis`.
    ///
    /// * `axis`: an integer
    /// * `start`: a size
    /// * `len`: a size
    #[track_caller]
    pub fn narrow(&self, axis: impl Into<Value>, start: impl Into<Value>, len: impl Into<Value>) -> Tensor {
        tensor("narrow", &[self.into(), axis.into(), start.into(), len.into()])
    }

    /// Without `axis`, whose size is 1.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn squeeze(&self, axis: impl Into<Value>) -> Tensor {
        tensor("squeeze", &[self.into(), axis.into()])
    }

    /// With a new axis of size 1 at `axis` of the result.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn unsqueeze(&self, axis: impl Into<Value>) -> Tensor {
        tensor("unsqueeze", &[self.into(), axis.into()])
    }

    /// All elements as a vector, in row-major order.
    #[track_caller]
    pub fn flatten(&self) -> Tensor {
        tensor("flatten", &[self.into()])
    }

    /// The axes from `axis` on merged into one.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn flatten_from(&self, axis: impl Into<Value>) -> Tensor {
        tensor("flatten_from", &[self.into(), axis.into()])
    }

    /// The sum along `axes`. Integers wrap and keep their dtype.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Value>) -> Tensor {
        tensor("sum", &[self.into(), axes.into()])
    }

    /// As `sum`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn sum_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("sum_keep", &[self.into(), axes.into()])
    }

    /// The arithmetic mean along `axes`.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Value>) -> Tensor {
        tensor("mean", &[self.into(), axes.into()])
    }

    /// As `mean`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn mean_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("mean_keep", &[self.into(), axes.into()])
    }

    /// The largest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn max(&self, axes: impl Into<Value>) -> Tensor {
        tensor("max", &[self.into(), axes.into()])
    }

    /// As `max`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn max_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("max_keep", &[self.into(), axes.into()])
    }

    /// The smallest element along `axes`; NaN if there is one. Equal elements share the gradient evenly.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn min(&self, axes: impl Into<Value>) -> Tensor {
        tensor("min", &[self.into(), axes.into()])
    }

    /// As `min`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn min_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("min_keep", &[self.into(), axes.into()])
    }

    /// The product along `axes`. Integers wrap and keep their dtype.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn prod(&self, axes: impl Into<Value>) -> Tensor {
        tensor("prod", &[self.into(), axes.into()])
    }

    /// As `prod`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn prod_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("prod_keep", &[self.into(), axes.into()])
    }

    /// Whether any element along `axes` is true, or not zero.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn any(&self, axes: impl Into<Value>) -> Tensor {
        tensor("any", &[self.into(), axes.into()])
    }

    /// As `any`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn any_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("any_keep", &[self.into(), axes.into()])
    }

    /// Whether all elements along `axes` are true, or not zero.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn all(&self, axes: impl Into<Value>) -> Tensor {
        tensor("all", &[self.into(), axes.into()])
    }

    /// As `all`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn all_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("all_keep", &[self.into(), axes.into()])
    }

    /// The variance along `axes`, dividing by n - 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn var(&self, axes: impl Into<Value>) -> Tensor {
        tensor("var", &[self.into(), axes.into()])
    }

    /// As `var`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn var_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("var_keep", &[self.into(), axes.into()])
    }

    /// The variance along `axes`, dividing by n - `correction`.
    ///
    /// * `axes`: an axis or a list of axes
    /// * `correction`: an integer
    #[track_caller]
    pub fn var_with(&self, axes: impl Into<Value>, correction: impl Into<Value>) -> Tensor {
        tensor("var_with", &[self.into(), axes.into(), correction.into()])
    }

    /// The standard deviation along `axes`: the root of `var`.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn std(&self, axes: impl Into<Value>) -> Tensor {
        tensor("std", &[self.into(), axes.into()])
    }

    /// As `std`, keeping the axes with size 1.
    ///
    /// * `axes`: an axis or a list of axes, or `()`
    #[track_caller]
    pub fn std_keep(&self, axes: impl Into<Value>) -> Tensor {
        tensor("std_keep", &[self.into(), axes.into()])
    }

    /// The standard deviation along `axes`: the root of `var_with`.
    ///
    /// * `axes`: an axis or a list of axes
    /// * `correction`: an integer
    #[track_caller]
    pub fn std_with(&self, axes: impl Into<Value>, correction: impl Into<Value>) -> Tensor {
        tensor("std_with", &[self.into(), axes.into(), correction.into()])
    }

    /// The position (i64) of the largest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    ///
    /// * `axis`: an integer, or `()`
    #[track_caller]
    pub fn argmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("argmax", &[self.into(), axis.into()])
    }

    /// The position (i64) of the smallest element along `axis`, or of all in row-major order: the first of equals, or
    /// the first NaN.
    ///
    /// * `axis`: an integer, or `()`
    #[track_caller]
    pub fn argmin(&self, axis: impl Into<Value>) -> Tensor {
        tensor("argmin", &[self.into(), axis.into()])
    }

    /// The sums of each element and those before it along `axis`.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn cumsum(&self, axis: impl Into<Value>) -> Tensor {
        tensor("cumsum", &[self.into(), axis.into()])
    }

    /// The matrix product over the last axis of `x` and the last but one of `y`; leading axes are batches and broadcast.
    /// A vector on either side is a row or column that vanishes from the result: two vectors give their inner product.
    /// Products of f16 and bf16 are summed in f32, and the sum is rounded.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn matmul(&self, y: impl Into<Value>) -> Tensor {
        tensor("matmul", &[self.into(), y.into()])
    }

    /// `x.round_tf32().matmul(y.round_tf32())`: the matrix product of f32 factors rounded to TensorFloat-32, summed in f32. Of narrower
    /// floats it is `x.matmul(y)`.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn matmul_tf32(&self, y: impl Into<Value>) -> Tensor {
        tensor("matmul_tf32", &[self.into(), y.into()])
    }

    /// The windows of `size` on the last axes, `stride` apart, with elements `dilation` apart (both 1 if left out):
    /// `(…, h, w)` with sizes `[kh, kw]` gives `(…, oh, ow, kh, kw)`. Windows that would reach beyond the end are left
    /// out.
    ///
    /// * `size`: a list of integers
    /// * `optional`: the first of (`stride`, `dilation`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `dilation`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn windows(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("windows", vec![self.into(), size.into()], optional.into())
    }

    /// The convolution of `x`, (n, channels, length), with `weights`, (out, channels / groups, taps), to (n, out, …);
    /// `bias`, (out,), is added. Stride and dilation are 1, padding (of zeros, on both sides) 0 and groups 1 if left
    /// out.
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
    /// groups 1 if left out; each is one number, or one for each axis.
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

    /// The largest element of each window of `size` on the last two axes. Windows are `stride` apart (their size if
    /// left out); `padding` on both sides is never the largest. Equal elements share the gradient evenly.
    ///
    /// * `size`: an integer, or one for each axis
    /// * `optional`: the first of (`stride`, `padding`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn max_pool2d(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("max_pool2d", vec![self.into(), size.into()], optional.into())
    }

    /// The mean of each window of `size` on the last two axes. Windows are `stride` apart (their size if left out);
    /// `padding` on both sides is zeros, which count.
    ///
    /// * `size`: an integer, or one for each axis
    /// * `optional`: the first of (`stride`, `padding`) in a tuple, or `()`
    ///   * `stride`: an integer, or one for each axis, or `()`
    ///   * `padding`: an integer, or one for each axis, or `()`
    #[track_caller]
    pub fn avg_pool2d(&self, size: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("avg_pool2d", vec![self.into(), size.into()], optional.into())
    }

    /// `e^x` scaled to sum to 1 along `axis`.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn softmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("softmax", &[self.into(), axis.into()])
    }

    /// The natural logarithm of `softmax`, without overflow.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn log_softmax(&self, axis: impl Into<Value>) -> Tensor {
        tensor("log_softmax", &[self.into(), axis.into()])
    }

    /// `ln(Σ e^x)` along `axis`, without overflow.
    ///
    /// * `axis`: an integer
    #[track_caller]
    pub fn logsumexp(&self, axis: impl Into<Value>) -> Tensor {
        tensor("logsumexp", &[self.into(), axis.into()])
    }

    /// `(x - mean) / √(variance + eps)` over the last axis; the variance divides by n.
    ///
    /// * `eps`: a number, or `()`
    #[track_caller]
    pub fn layernorm(&self, eps: impl Into<Value>) -> Tensor {
        tensor("layernorm", &[self.into(), eps.into()])
    }

    /// `(x - mean) / √(variance + eps)`, with the mean and the variance (dividing by n) of each channel, axis 1, over all
    /// other axes; then times `scale` and plus `shift`, (channels,), if given. As in training: to keep statistics for
    /// inference, compute them with `mean` and `var_with` and pass them to `batchnorm_with`.
    ///
    /// * `optional`: the first of (`scale`, `shift`, `eps`) in a tuple, or `()`
    ///   * `scale`: a tensor, or `()`
    ///   * `shift`: a tensor, or `()`
    ///   * `eps`: a number, or `()`
    #[track_caller]
    pub fn batchnorm(&self, optional: impl Into<Values>) -> Tensor {
        tensor_with("batchnorm", vec![self.into()], optional.into())
    }

    /// `batchnorm` with the `mean` and `variance`, (channels,), of each channel, as in inference.
    ///
    /// * `mean`: a tensor
    /// * `variance`: a tensor
    /// * `optional`: the first of (`scale`, `shift`, `eps`) in a tuple, or `()`
    ///   * `scale`: a tensor, or `()`
    ///   * `shift`: a tensor, or `()`
    ///   * `eps`: a number, or `()`
    #[track_caller]
    pub fn batchnorm_with(&self, mean: impl Into<Value>, variance: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("batchnorm_with", vec![self.into(), mean.into(), variance.into()], optional.into())
    }

    /// `x / √(mean(x²) + eps)` over the last axis.
    ///
    /// * `eps`: a number, or `()`
    #[track_caller]
    pub fn rmsnorm(&self, eps: impl Into<Value>) -> Tensor {
        tensor("rmsnorm", &[self.into(), eps.into()])
    }

    /// `softmax(x kᵀ · scale) v` for queries `x`, (…, n, d), keys `k`, (…, m, d), and values `v`, (…, m, e). `mask`,
    /// which broadcasts to (…, n, m), says which keys take part (bool), or is added to the scores (floats). `scale` is
    /// 1/√d if left out. A query that no key takes part in gives zeros.
    ///
    /// * `k`: a tensor
    /// * `v`: a tensor
    /// * `optional`: the first of (`mask`, `scale`) in a tuple, or `()`
    ///   * `mask`: a tensor, or `()`
    ///   * `scale`: a number, or `()`
    #[track_caller]
    pub fn attention(&self, k: impl Into<Value>, v: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
        tensor_with("attention", vec![self.into(), k.into(), v.into()], optional.into())
    }

    /// `attention` in which query i sees the keys 0 to i only.
    ///
    /// * `k`: a tensor
    /// * `v`: a tensor
    /// * `scale`: a number, or `()`
    #[track_caller]
    pub fn causal_attention(&self, k: impl Into<Value>, v: impl Into<Value>, scale: impl Into<Value>) -> Tensor {
        tensor("causal_attention", &[self.into(), k.into(), v.into(), scale.into()])
    }

    /// For each element of `x` a row of `classes` elements (i64) that is 1 at that position and 0 elsewhere.
    ///
    /// * `classes`: a size
    #[track_caller]
    pub fn one_hot(&self, classes: impl Into<Value>) -> Tensor {
        tensor("one_hot", &[self.into(), classes.into()])
    }

    /// The elements of `x` at the positions `index` along `axis`: as many axes as `x`, the others no larger than those
    /// of `x`. A position outside gives 0.
    ///
    /// * `axis`: an integer
    /// * `index`: a tensor
    #[track_caller]
    pub fn gather(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("gather", &[self.into(), axis.into(), index.into()])
    }

    /// The slices of `x` along `axis` at the positions in the vector `index`. A position outside gives zeros.
    ///
    /// * `axis`: an integer
    /// * `index`: a tensor
    #[track_caller]
    pub fn index_select(&self, axis: impl Into<Value>, index: impl Into<Value>) -> Tensor {
        tensor("index_select", &[self.into(), axis.into(), index.into()])
    }

    /// The rows of the matrix `x` at the positions `index`, of any shape. A position outside gives zeros.
    ///
    /// * `index`: a tensor
    #[track_caller]
    pub fn embedding(&self, index: impl Into<Value>) -> Tensor {
        tensor("embedding", &[self.into(), index.into()])
    }

    /// `x` with zeros above the `k`-th diagonal of its last two axes.
    ///
    /// * `k`: an integer, or `()`
    #[track_caller]
    pub fn tril(&self, k: impl Into<Value>) -> Tensor {
        tensor("tril", &[self.into(), k.into()])
    }

    /// `x` with zeros below the `k`-th diagonal of its last two axes.
    ///
    /// * `k`: an integer, or `()`
    #[track_caller]
    pub fn triu(&self, k: impl Into<Value>) -> Tensor {
        tensor("triu", &[self.into(), k.into()])
    }

    /// `x` with each element 0 with probability `p`, and divided by `1 - p` otherwise: those stay that in
    /// `uniform(x.shape(), 0.0, 1.0, seed)` are at least `p`. The gradient takes the same ones.
    ///
    /// * `p`: a number
    /// * `seed`: a tensor or a number
    #[track_caller]
    pub fn dropout(&self, p: impl Into<Value>, seed: impl Into<Value>) -> Tensor {
        tensor("dropout", &[self.into(), p.into(), seed.into()])
    }

    /// Minus the mean log-probability of the right classes: `x` holds a score per class in its last axis, `classes`
    /// the right class for each row, as integers. A class that does not exist counts as the one of the largest score.
    ///
    /// * `classes`: a tensor
    #[track_caller]
    pub fn cross_entropy(&self, classes: impl Into<Value>) -> Tensor {
        tensor("cross_entropy", &[self.into(), classes.into()])
    }

    /// The mean of `(x - y)²`.
    ///
    /// * `y`: a tensor
    #[track_caller]
    pub fn mse(&self, y: impl Into<Value>) -> Tensor {
        tensor("mse", &[self.into(), y.into()])
    }
}

/// The tensors one after the other along `axis`; all other sizes agree.
///
/// * `tensors`: a list of tensors
/// * `axis`: an integer, or `()`
#[track_caller]
pub fn cat(tensors: impl Into<Value>, axis: impl Into<Value>) -> Tensor {
    tensor("cat", &[tensors.into(), axis.into()])
}

/// The tensors, all of one shape, along a new axis at `axis` of the result.
///
/// * `tensors`: a list of tensors
/// * `axis`: an integer, or `()`
#[track_caller]
pub fn stack(tensors: impl Into<Value>, axis: impl Into<Value>) -> Tensor {
    tensor("stack", &[tensors.into(), axis.into()])
}

/// All elements `value`; the dtype is that of the number (f32, i64 or bool) unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `value`: a tensor or a number
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn full(shape: impl Into<Value>, value: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("full", &[shape.into(), value.into(), dtype.into()])
}

/// All elements 0, f32 unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn zeros(shape: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("zeros", &[shape.into(), dtype.into()])
}

/// All elements 1, f32 unless `dtype` is given.
///
/// * `shape`: a list of sizes
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn ones(shape: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("ones", &[shape.into(), dtype.into()])
}

/// The n × n identity matrix, f32 unless `dtype` is given.
///
/// * `n`: a size
/// * `dtype`: a dtype, or `()`
#[track_caller]
pub fn eye(n: impl Into<Value>, dtype: impl Into<Value>) -> Tensor {
    tensor("eye", &[n.into(), dtype.into()])
}

/// `start`, `start + step`, … before `stop`: i64 if all are integers, else f32. `arange(n)` is 0 to n - 1.
///
/// * `start`: a tensor or a number
/// * `optional`: the first of (`stop`, `step`) in a tuple, or `()`
///   * `stop`: a tensor or a number, or `()`
///   * `step`: a tensor or a number, or `()`
#[track_caller]
pub fn arange(start: impl Into<Value>, optional: impl Into<Values>) -> Tensor {
    tensor_with("arange", vec![start.into()], optional.into())
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
