//! Convolutions: the product of all windows with the weights, summed over channels and taps.
//!
//! As in machine learning, that is the cross-correlation: weights are not flipped. The meaning of every argument is
//! PyTorch's.

use crate::dim::Dim;
use crate::ir::{Op, Uop};
use crate::tensor::argument::Each;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::precision::widened;
use crate::tensor::primitive::{broadcast, expanded, float, numeric, padded, reduced, reshaped, without_axes};
use crate::tensor::registry::theme;
use crate::tensor::window::{Windows, slid};
use crate::tensor::winograd::{Filter, filtered};

theme! {
    /// The convolution of `x`, (n, channels, length), with `weights`, (out, channels / groups, taps), to (n, out, …);
    /// `bias`, (out,), is added. Stride and dilation are 1, padding (of zeros, on both sides) 0 and groups 1 if left
    /// out. Products with padding may be left out, so that results there are finite where a weight is infinite.
    fn conv1d(
        x: Uop<'g>,
        weights: Uop<'g>,
        bias: Option<Uop<'g>>,
        stride: Option<Each>,
        padding: Option<Each>,
        dilation: Option<Each>,
        groups: Option<i64>,
    ) -> Uop<'g> {
        let windows = check(x, weights, 1).and_then(|()| Windows::new(taps(weights)?, stride, dilation))?;
        let operands = Operands { x, weights, bias, groups: groups.unwrap_or(1) };
        convolved(&operands, padding, |x, weights| windowed(x, weights, &windows))
    }

    /// The convolution of `x`, (n, channels, height, width), with `weights`, (out, channels / groups, kh, kw), to
    /// (n, out, …, …); `bias`, (out,), is added. Stride and dilation are 1, padding (of zeros, on both sides) 0 and
    /// groups 1 if left out; each is one number, or one for each axis. Products with padding may be left out, so that
    /// results there are finite where a weight is infinite.
    fn conv2d(
        x: Uop<'g>,
        weights: Uop<'g>,
        bias: Option<Uop<'g>>,
        stride: Option<Each>,
        padding: Option<Each>,
        dilation: Option<Each>,
        groups: Option<i64>,
    ) -> Uop<'g> {
        let windows = check(x, weights, 2).and_then(|()| Windows::new(taps(weights)?, stride, dilation))?;
        let operands = Operands { x, weights, bias, groups: groups.unwrap_or(1) };
        convolved(&operands, padding, |x, weights| windowed(x, weights, &windows))
    }

    /// `conv2d` with stride and dilation 1, of floats, in fewer multiplications, after Winograd: m results in a row of kw
    /// taps take m + kw - 1 products, at most 8, and not m·kw. Rounding affects results and the gradient by `x` up to twice as
    /// much, some 6e-7 of their size in f32, and that by `weights` up to seven times. An infinite or NaN element makes others of its
    /// block NaN. Needs memory for the factors of these products. Where they would save less than making them takes, as for few
    /// channels, one tap or more than seven in a row, and sizes that are not known, this is `conv2d`.
    fn conv2d_winograd(
        x: Uop<'g>,
        weights: Uop<'g>,
        bias: Option<Uop<'g>>,
        padding: Option<Each>,
        groups: Option<i64>,
    ) -> Uop<'g> {
        let windows = check(float(x)?, weights, 2).and_then(|()| Windows::new(taps(weights)?, None, None))?;
        let operands = Operands { x, weights, bias, groups: groups.unwrap_or(1) };
        convolved(&operands, padding, |x, weights| match Filter::of(x, weights) {
            Some(filter) => filtered(x, weights, &filter),
            None => windowed(x, weights, &windows),
        })
    }
}

struct Operands<'g> {
    x: Uop<'g>,
    weights: Uop<'g>,
    bias: Option<Uop<'g>>,
    groups: i64,
}

/// `x` and `weights` are of one dtype, and have two axes more than `axes`.
fn check(x: Uop, weights: Uop, axes: usize) -> Result<(), Error> {
    if numeric(x)?.dtype() != numeric(weights)?.dtype() {
        let error = format!("x is {}, the weights are {}", x.dtype(), weights.dtype());
        return Err(Error::new(error).help(format!("convert one of them, such as with `.cast::<{}>()`", x.dtype())));
    }
    let layouts = [("(n, channels, length)", "(out, channels, taps)"), LAYOUTS_2D][axes - 1];
    for (what, layout, operand) in [("x", layouts.0, x), ("the weights", layouts.1, weights)] {
        if operand.shape().len() != axes + 2 {
            let error =
                format!("{what} must have {} axes, {layout}, got shape {}", axes + 2, show_shape(operand.shape()));
            return Err(Error::new(error).help("`.unsqueeze(axis)` adds an axis of size 1"));
        }
    }
    Ok(())
}

const LAYOUTS_2D: (&str, &str) = ("(n, channels, height, width)", "(out, channels, kh, kw)");

fn taps(weights: Uop) -> Result<Vec<i64>, Error> {
    let sizes: Option<Vec<i64>> = weights.shape()[2..].iter().map(Dim::known).collect();
    sizes.ok_or_else(|| {
        Error::new(format!("the taps of the weights, shape {}, are not known", show_shape(weights.shape())))
    })
}

/// The convolution of the operands, whose `sums` are those of x as (n, g, 1, c, …) with weights as (g, out/g, c, k…): (n, g,
/// out/g, o…).
fn convolved<'g>(
    operands: &Operands<'g>,
    padding: Option<Each>,
    sums: impl FnOnce(Uop<'g>, Uop<'g>) -> Result<Uop<'g>, Error>,
) -> Result<Uop<'g>, Error> {
    let Operands { x, weights, groups, .. } = *operands;
    let [per_group, out_per_group] = channels(x, weights, groups)?;
    let padded = surrounded(x, padding)?;
    let lead = [x.shape()[0].clone(), Dim::from(groups), Dim::ONE, per_group.clone()];
    let grouped = widened(reshaped(padded, &[&lead, &padded.shape()[2..]].concat()));
    let lead = [Dim::from(groups), out_per_group, per_group];
    let sums = sums(grouped, widened(reshaped(weights, &[&lead, &weights.shape()[2..]].concat())))?;
    let result = reshaped(sums, &[&x.shape()[..1], &weights.shape()[..1], &sums.shape()[3..]].concat());
    let rounded = result.cast(x.dtype());
    let shift = |bias| per_channel(bias, rounded).map(widened);
    operands.bias.map_or(Ok(rounded), |bias| Ok((result + shift(bias)?).cast(x.dtype())))
}

/// All windows of `x`, (n, g, 1, c, …), as (n, g, out, c, o…, k…), times `weights`, (g, out, c, k…), summed over c and k.
fn windowed<'g>(x: Uop<'g>, weights: Uop<'g>, windows: &Windows) -> Result<Uop<'g>, Error> {
    let axes = x.shape().len() - 4;
    let (lead, taps) = weights.shape().split_at(3);
    let seen = slid(x, [&[&x.shape()[..1], lead].concat(), &[]], windows)?;
    let kernel = [&[Dim::ONE], lead, &vec![Dim::ONE; axes], taps].concat();
    let product = seen * expanded(reshaped(weights, &kernel), seen.shape());
    let summed: Vec<usize> = std::iter::once(3).chain(4 + axes..4 + 2 * axes).collect();
    Ok(without_axes(reduced(product, Op::Add, &summed), &summed))
}

/// The channels of `x` in each group, and those of the result.
fn channels(x: Uop, weights: Uop, groups: i64) -> Result<[Dim; 2], Error> {
    let (own, out, given) = (&x.shape()[1], &weights.shape()[0], &weights.shape()[1]);
    let shared = |channels: &Dim| channels.div_exact(&Dim::from(groups)).filter(|_| groups > 0);
    let (Some(per_group), Some(out)) = (shared(own), shared(out)) else {
        return Err(Error::new(format!(
            "{own} channels of x and {out} of the result do not divide into {groups} groups"
        )));
    };
    if per_group != *given {
        let of_groups = if groups == 1 { String::new() } else { format!(" in each of {groups} groups") };
        let error = format!("x has {per_group} channels{of_groups}, the weights {given}");
        let shapes = format!("x {}, weights {}", show_shape(x.shape()), show_shape(weights.shape()));
        return Err(Error::new(format!("{shapes}: {error}")).help("weights are (out, channels / groups, taps…)"));
    }
    Ok([per_group, out])
}

/// `x` with zeros on both sides of each of its last axes.
fn surrounded<'g>(x: Uop<'g>, padding: Option<Each>) -> Result<Uop<'g>, Error> {
    let pairs = margins(x.shape().len() - 2, padding)?;
    let all = [vec![(Dim::ZERO, Dim::ZERO); 2], pairs].concat();
    Ok(padded(x, all))
}

/// The padding before and after each of the last `axes` axes.
pub(super) fn margins(axes: usize, padding: Option<Each>) -> Result<Vec<(Dim, Dim)>, Error> {
    let sizes = padding.map_or(Ok(vec![0; axes]), |padding| padding.of("padding", axes))?;
    match sizes.iter().find(|size| !(0..1 << 31).contains(*size)) {
        Some(size) => Err(Error::new(format!("padding must be in 0..2^31, got {size}"))),
        None => Ok(sizes.into_iter().map(|size| (Dim::from(size), Dim::from(size))).collect()),
    }
}

/// A number for each channel (axis 1) of `x`, in the shape of `x`.
pub(super) fn per_channel<'g>(numbers: Uop<'g>, x: Uop<'g>) -> Result<Uop<'g>, Error> {
    let channels = &x.shape()[1];
    if numbers.shape() != std::slice::from_ref(channels) || numbers.dtype() != x.dtype() {
        let (dtype, shape) = (numbers.dtype(), show_shape(numbers.shape()));
        return Err(Error::new(format!(
            "one number for each channel is {} ({channels},), got {dtype} {shape}",
            x.dtype()
        )));
    }
    let ones = vec![Dim::ONE; x.shape().len() - 2];
    Ok(broadcast(reshaped(numbers, &[numbers.shape(), &ones].concat()), x.shape()))
}
