//! Windows that slide over the last axes: what convolution and pooling have in common.
//!
//! Windows are movement only. `x` is repeated once for each tap (element of a window), and a skewed reshape moves the
//! `j`-th copy by `j` steps: rows of length `n` are read as rows of length `n + step`. The view that results is one
//! strided view, so nothing is ever copied, and its gradient has exactly one term for each tap.

use crate::dim::Dim;
use crate::ir::Uop;
use crate::tensor::argument::Each;
use crate::tensor::error::Error;
use crate::tensor::primitive::{expanded, padded, permuted, reshaped, shrunk};
use crate::tensor::registry::theme;

theme! {
    /// The windows of `size` on the last axes, `stride` apart, with elements `dilation` apart (both 1 if left out):
    /// `(…, h, w)` with sizes `[kh, kw]` gives `(…, oh, ow, kh, kw)`. Windows that would reach beyond the end are left
    /// out.
    fn windows(x: Uop<'g>, size: Vec<i64>, stride: Option<Each>, dilation: Option<Each>) -> Uop<'g> {
        let windows = Windows::new(size, stride, dilation)?;
        slid(x, [&x.shape()[..x.shape().len().saturating_sub(windows.axes.len())], &[]], &windows)
    }
}

/// Size, stride and dilation of windows along each of the last axes.
pub(super) struct Windows {
    axes: Vec<Window>,
}

/// A window along one axis.
#[derive(Clone, Copy)]
struct Window {
    size: i64,
    stride: i64,
    dilation: i64,
}

impl Windows {
    pub(super) fn new(sizes: Vec<i64>, stride: Option<Each>, dilation: Option<Each>) -> Result<Windows, Error> {
        let strides = positive("stride", stride, sizes.len())?;
        let dilations = positive("dilation", dilation, sizes.len())?;
        if let Some(size) = sizes.iter().find(|size| **size < 1) {
            return Err(Error::new(format!("the size of a window must be at least 1, got {size}")));
        }
        let all = sizes.into_iter().zip(strides).zip(dilations);
        Ok(Windows { axes: all.map(|((size, stride), dilation)| Window { size, stride, dilation }).collect() })
    }
}

fn positive(name: &str, values: Option<Each>, axes: usize) -> Result<Vec<i64>, Error> {
    let values = values.map_or(Ok(vec![1; axes]), |values| values.of(name, axes))?;
    match values.iter().find(|value| !(1..=LARGEST).contains(*value)) {
        Some(value) => Err(Error::new(format!("{name} must be in 1..={LARGEST}, got {value}"))),
        None => Ok(values),
    }
}

/// Strides, dilations and paddings up to this cannot overflow a size.
const LARGEST: i64 = 1 << 31;

impl Window {
    /// From the first to the last element, inclusive.
    fn span(self) -> i64 {
        self.dilation.saturating_mul(self.size - 1).saturating_add(1)
    }

    /// Rows of `stride` elements have one window each: a window is then some whole rows, and the stride is gone.
    fn phases(self) -> i64 {
        if self.dilation == 1 { self.stride } else { 1 }
    }

    /// Rows that a window takes part of, or its elements if rows have one element.
    fn taps(self) -> i64 {
        (self.size + self.phases() - 1) / self.phases()
    }

    /// How many windows fit `axis` of `x`.
    fn count(self, x: Uop, axis: usize) -> Result<Dim, Error> {
        let (n, axis) = (&x.shape()[axis], axis as i64 - x.shape().len() as i64);
        let last = n - &Dim::from(self.span());
        if last.lower() < 0 {
            let (size, span) = (self.size, self.span());
            let window = if size == span { format!("{size}") } else { format!("{size}, which spans {span},") };
            return Err(Error::new(format!("a window of {window} does not fit axis {axis}, which has size {n}")));
        }
        let steps = floored(&last, self.stride).ok_or_else(|| {
            let error = format!(
                "axis {axis} has size {n}: how many windows with stride {} fit is not a polynomial",
                self.stride
            );
            Error::new(error).help("make the size a multiple of the stride, such as 2*N, or known")
        })?;
        Ok(&steps + &Dim::ONE)
    }
}

/// `⌊x / d⌋`, where that is a polynomial.
fn floored(x: &Dim, d: i64) -> Option<Dim> {
    let constant: i64 = x.terms().iter().filter(|(vars, _)| vars.is_empty()).map(|(_, c)| c).sum();
    (x - &Dim::from(constant.rem_euclid(d))).div_exact(&Dim::from(d))
}

/// `(…, n₀, n₁, …)` as `(…, o₀, o₁, k₀, k₁, …)`, with the axes before and after repeated to `beside`. That is done here so that
/// the gradient is one sum, over the taps and over what was repeated before; of what was repeated after, it sums for each tap,
/// and then over these.
pub(super) fn slid<'g>(x: Uop<'g>, beside: [&[Dim]; 2], windows: &Windows) -> Result<Uop<'g>, Error> {
    let ([outer, inner], axes) = (beside, &windows.axes);
    let lead = outer.len();
    if x.shape().len() != lead + axes.len() + inner.len() || axes.is_empty() {
        let error = format!("windows over {} axes of a tensor that has {}", axes.len(), x.shape().len());
        return Err(Error::new(error));
    }
    let counts = (0..axes.len()).map(|i| axes[i].count(x, lead + i)).collect::<Result<Vec<_>, _>>()?;
    let mut x = repeated(x, beside, axes, &counts);
    for (i, (window, count)) in axes.iter().zip(&counts).enumerate() {
        x = skewed(x, lead + 3 * i, window.dilation);
        if window.phases() != window.stride {
            x = every(x, lead + 3 * i + 1, window.stride, count);
        }
    }
    Ok(taps_last(x, lead, axes, counts))
}

/// `(…, n)` as `(…, tap, row, phase)` for each axis, the same for each tap; rows that no window reaches are cut off.
fn repeated<'g>(x: Uop<'g>, [outer, inner]: [&[Dim]; 2], axes: &[Window], counts: &[Dim]) -> Uop<'g> {
    let lead = outer.len();
    let whole = |(window, count): (&Window, &Dim)| match window.phases() {
        1 => None,
        phases => Some(&(count + &Dim::from(window.taps() - 1)) * &Dim::from(phases)),
    };
    let sizes: Vec<Option<Dim>> = axes.iter().zip(counts).map(whole).collect();
    let x = sizes.iter().enumerate().fold(x, |x, (i, size)| size.iter().fold(x, |x, size| fitted(x, lead + i, size)));
    let (mut single, mut every) = (x.shape()[..lead].to_vec(), outer.to_vec());
    for (window, size) in axes.iter().zip(&x.shape()[lead..]) {
        let phases = Dim::from(window.phases());
        let rows = size.div_exact(&phases).unwrap_or_else(|| size.clone());
        single.extend([Dim::ONE, rows.clone(), phases.clone()]);
        every.extend([Dim::from(window.taps()), rows, phases]);
    }
    let after = &x.shape()[lead + axes.len()..];
    let with = |axes: Vec<Dim>, last: &[Dim]| [&axes[..], last].concat();
    let taps = expanded(reshaped(x, &with(single, after)), &with(every.clone(), after));
    expanded(taps, &with(every, inner))
}

/// `axis` cut or padded at its end to `size`: where both can happen for run-time sizes, padded and then cut.
pub(super) fn fitted<'g>(x: Uop<'g>, axis: usize, size: &Dim) -> Uop<'g> {
    let missing = size - &x.shape()[axis];
    let more = if missing.upper() > 0 { Dim::from(missing.upper()) } else { Dim::ZERO };
    let more = if missing.lower() > 0 { missing } else { more };
    let mut pairs = vec![(Dim::ZERO, Dim::ZERO); x.shape().len()];
    pairs[axis].1 = more;
    cut(padded(x, pairs), axis, size)
}

/// The first `size` elements of `axis`.
fn cut<'g>(x: Uop<'g>, axis: usize, size: &Dim) -> Uop<'g> {
    let mut pairs: Vec<(Dim, Dim)> = x.shape().iter().map(|n| (Dim::ZERO, n.clone())).collect();
    pairs[axis].1 = size.clone();
    shrunk(x, pairs)
}

/// `x[…, j, i + j*step, …]` at `[…, j, i, …]`, for the axes `at` and `at + 1` of sizes k and n: rows of n elements read
/// as rows of `n + step`, of which the first `n - (k-1)*step` stay within the row they come from.
fn skewed<'g>(x: Uop<'g>, at: usize, step: i64) -> Uop<'g> {
    let (taps, size, step) = (x.shape()[at].clone(), x.shape()[at + 1].clone(), Dim::from(step));
    if taps.is(1) {
        return x;
    }
    let with = |axes: &[Dim]| [&x.shape()[..at], axes, &x.shape()[at + 2..]].concat();
    let flat = reshaped(x, &with(&[&taps * &size]));
    let mut pairs = vec![(Dim::ZERO, Dim::ZERO); flat.shape().len()];
    pairs[at].1 = &taps * &step;
    let long = reshaped(padded(flat, pairs), &with(&[taps.clone(), &size + &step]));
    cut(long, at + 1, &(&size - &(&(&taps - &Dim::ONE) * &step)))
}

/// The first `count` of every `stride`-th element of `axis`.
fn every<'g>(x: Uop<'g>, axis: usize, stride: i64, count: &Dim) -> Uop<'g> {
    let stride = Dim::from(stride);
    let whole = fitted(x, axis, &(count * &stride));
    let groups = [&whole.shape()[..axis], &[count.clone(), stride], &whole.shape()[axis + 1..]].concat();
    let first = cut(reshaped(whole, &groups), axis + 1, &Dim::ONE);
    let mut shape = groups;
    shape.remove(axis + 1);
    reshaped(first, &shape)
}

/// `(…, tap₀, row₀, phase₀, tap₁, row₁, phase₁, …)` as `(…, row₀, row₁, k₀, k₁, …)`: a tap and a phase are an element.
fn taps_last<'g>(x: Uop<'g>, lead: usize, axes: &[Window], counts: Vec<Dim>) -> Uop<'g> {
    let n = axes.len();
    let rows = (0..n).map(|i| lead + 3 * i + 1);
    let elements = (0..n).flat_map(|i| [lead + 3 * i, lead + 3 * i + 2]);
    let rest = lead + 3 * n..x.shape().len();
    let x = permuted(x, (0..lead).chain(rows).chain(elements).chain(rest.clone()).collect());
    let sizes = axes.iter().map(|window| Dim::from(window.taps() * window.phases()));
    let merged = x.shape()[..lead].iter().cloned().chain(counts).chain(sizes);
    let merged: Vec<Dim> = merged.chain(x.shape()[rest].iter().cloned()).collect();
    let x = reshaped(x, &merged);
    axes.iter().enumerate().fold(x, |x, (i, window)| cut(x, lead + n + i, &Dim::from(window.size)))
}
