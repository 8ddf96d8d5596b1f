//! Softmax and its relatives, and the normalizations over the last axis.

use crate::ir::{Op, Uop};
use crate::tensor::argument::Axes;
use crate::tensor::conversion::marked;
use crate::tensor::error::Error;
use crate::tensor::function::{exp, log};
use crate::tensor::primitive::{axis_of, broadcast, float, reduced, without_axes};
use crate::tensor::reduction::{filled_axes, mean_keep};
use crate::tensor::registry::theme;

theme! {
    /// `e^x` scaled to sum to 1 along `axis`.
    fn softmax(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let powers = exp(centred(x, axis)?.0)?;
        let sum = reduced(powers, Op::Add, &[axis_of(x, axis)?]);
        Ok(powers * broadcast(sum.recip(), x.shape()))
    }

    /// The natural logarithm of `softmax`, without overflow.
    fn log_softmax(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let (shifted, _) = centred(x, axis)?;
        let sum = reduced(exp(shifted)?, Op::Add, &[axis_of(x, axis)?]);
        Ok(shifted - broadcast(log(sum)?, x.shape()))
    }

    /// `ln(Σ e^x)` along `axis`, without overflow.
    fn logsumexp(x: Uop<'g>, axis: i64) -> Uop<'g> {
        let at = axis_of(x, axis)?;
        let (shifted, largest) = centred(x, axis)?;
        let sum = reduced(exp(shifted)?, Op::Add, &[at]);
        Ok(without_axes(log(sum)? + largest, &[at]))
    }

    /// `(x - mean) / √(variance + eps)` over the last axis; the variance divides by n.
    fn layernorm(x: Uop<'g>, eps: Option<f64>) -> Uop<'g> {
        let centred = x - broadcast(mean_keep(last_axis(x)?, Some(Axes(vec![-1])))?, x.shape());
        rms_scaled(centred, eps)
    }

    /// `x / √(mean(x²) + eps)` over the last axis.
    fn rmsnorm(x: Uop<'g>, eps: Option<f64>) -> Uop<'g> {
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
    let scale = (mean + eps.unwrap_or(1e-5)).unary(Op::Sqrt).recip();
    Ok(x * broadcast(scale, x.shape()))
}
