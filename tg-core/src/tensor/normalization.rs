//! Softmax and its relatives, and the normalizations over the last axis and over batches.

use crate::ir::{Op, Uop};
use crate::tensor::argument::Axes;
use crate::tensor::conversion::marked;
use crate::tensor::convolution::per_channel;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::function::{exp, log};
use crate::tensor::primitive::{axes_of, axis_of, broadcast, float, reduced, without_axes};
use crate::tensor::reduction::{filled_axes, mean_keep};
use crate::tensor::registry::theme;
use crate::tensor::statistics::variance;

theme! {
    /// `e^x` scaled to sum to 1 along `axis`.
    @wide fn softmax(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let powers = exp(centred(x, axis)?.0)?;
        let sum = reduced(powers, Op::Add, &[axis_of(x, axis)?]);
        Ok(powers * broadcast(sum.recip(), x.shape()))
    }

    /// The natural logarithm of `softmax`, without overflow.
    @wide fn log_softmax(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let (shifted, _) = centred(x, axis)?;
        let sum = reduced(exp(shifted)?, Op::Add, &[axis_of(x, axis)?]);
        Ok(shifted - broadcast(log(sum)?, x.shape()))
    }

    /// `ln(Σ e^x)` along `axis`, without overflow.
    @wide fn logsumexp(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let at = axis_of(x, axis)?;
        let (shifted, largest) = centred(x, axis)?;
        let sum = reduced(exp(shifted)?, Op::Add, &[at]);
        Ok(without_axes(log(sum)? + largest, &[at]))
    }

    /// `(x - mean) / √(variance + eps)` over the last axis; the variance divides by n.
    @wide fn layernorm(x: Uop<'g>, eps: Option<f64>) -> Uop<'g> {
        let centred = x - broadcast(mean_keep(last_axis(x)?, Some(Axes(vec![-1])))?, x.shape());
        rms_scaled(centred, eps)
    }

    /// `(x - mean) / √(variance + eps)`, with the mean and the variance (dividing by n) of each channel, axis 1, over all
    /// other axes; then times `scale` and plus `shift`, (channels,), if given. As in training: to keep statistics for
    /// inference, compute them with `mean` and `var_with` and pass them to `batchnorm_with`.
    @wide fn batchnorm(x: Uop<'g>, scale: Option<Uop<'g>>, shift: Option<Uop<'g>>, eps: Option<f64>) -> Uop<'g> {
        let axes = Some(Axes((0..channelled(x)?.shape().len() as i64).filter(|axis| *axis != 1).collect()));
        let centred = x - broadcast(mean_keep(x, axes.clone())?, x.shape());
        let variance = without_axes(variance(x, &axes, 0)?, &axes_of(x, &axes)?);
        affine(centred, deviation(variance, eps), scale, shift)
    }

    /// `batchnorm` with the `mean` and `variance`, (channels,), of each channel, as in inference.
    @wide fn batchnorm_with(
        x: Uop<'g>,
        mean: Uop<'g>,
        variance: Uop<'g>,
        scale: Option<Uop<'g>>,
        shift: Option<Uop<'g>>,
        eps: Option<f64>,
    ) -> Uop<'g> {
        let centred = x - per_channel(mean, channelled(x)?)?;
        affine(centred, deviation(float(variance)?, eps), scale, shift)
    }

    /// `x / √(mean(x²) + eps)` over the last axis.
    @wide fn rmsnorm(x: Uop<'g>, eps: Option<f64>) -> Uop<'g> {
        rms_scaled(last_axis(x)?, eps)
    }
}

/// `x` less its maximum along `axis`, and that maximum. The maximum only guards against overflow and cancels out of
/// the derivative, so no gradient flows through it.
pub(super) fn centred<'g>(x: Uop<'g>, axis: i64) -> Result<(Uop<'g>, Uop<'g>), Error> {
    let axes = filled_axes(float(x)?, &Some(axis.into()))?;
    let largest = reduced(x, Op::Max, &axes);
    let largest = marked(Op::Detach, largest);
    Ok((x - broadcast(largest, x.shape()), largest))
}

fn last_axis<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    axis_of(float(x)?, -1)?;
    Ok(x)
}

fn rms_scaled<'g>(x: Uop<'g>, eps: Option<f64>) -> Result<Uop<'g>, Error> {
    let mean = mean_keep(x * x, Some(Axes(vec![-1])))?;
    Ok(x * broadcast(deviation(mean, eps).recip(), x.shape()))
}

/// `√(variance + eps)`.
fn deviation(variance: Uop<'_>, eps: Option<f64>) -> Uop<'_> {
    (variance + eps.unwrap_or(1e-5)).unary(Op::Sqrt)
}

/// `x` if it has channels.
fn channelled<'g>(x: Uop<'g>) -> Result<Uop<'g>, Error> {
    match float(x)?.shape().len() {
        2.. => Ok(x),
        _ => Err(Error::new(format!("needs an axis 1 of channels, got shape {}", show_shape(x.shape())))),
    }
}

/// `x / deviation * scale + shift`, with one number of each for each channel.
fn affine<'g>(
    x: Uop<'g>,
    deviation: Uop<'g>,
    scale: Option<Uop<'g>>,
    shift: Option<Uop<'g>>,
) -> Result<Uop<'g>, Error> {
    // The factors first: there are fewer of them than elements, and one sum gives the gradients by both.
    let factor = deviation.recip();
    let factor = scale.map_or(Ok(factor), |scale| per_channel(scale, x).map(|_| factor * scale))?;
    let scaled = x * per_channel(factor, x)?;
    shift.map_or(Ok(scaled), |shift| per_channel(shift, x).map(|shift| scaled + shift))
}
