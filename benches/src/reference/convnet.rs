//! What convolutions, and the net of them, must compute; the gradients are derived by hand.

use super::{Arrays, all_wide, cross_entropy, linear, matmul, relu_all, sum_of_rows, transposed, wide};
use crate::inputs::{self, ADAM_EPSILON, ADAM_RATE, BATCH, CONVNET, Conv, EPSILON, STATISTICS};

/// The result of a convolution alone.
pub fn conv(conv: &Conv) -> Arrays {
    let [x, w, b] = conv.arrays();
    vec![convolve(conv, &wide(&x), &wide(&w), &wide(&b))]
}

/// For each element of the windows, (channels, window, window, result pixels), its position in a picture.
fn windows(conv: &Conv) -> Vec<Option<usize>> {
    let (side, window, result) = (conv.side, conv.window, conv.result_side());
    let inside =
        |at: usize, tap: usize| (at * conv.stride + tap).checked_sub(conv.padding).filter(|&position| position < side);
    let position = |index: usize| {
        let (tap, pixel) = (index / result.pow(2), index % result.pow(2));
        let (channel, tap) = (tap / window.pow(2), tap % window.pow(2));
        let row = inside(pixel / result, tap / window)?;
        Some((channel * side + row) * side + inside(pixel % result, tap % window)?)
    };
    (0..conv.taps() * result.pow(2)).map(position).collect()
}

fn gathered(windows: &[Option<usize>], picture: &[f64]) -> Vec<f64> {
    windows.iter().map(|at| at.map_or(0.0, |at| picture[at])).collect()
}

fn convolve(conv: &Conv, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let (windows, pixels) = (windows(conv), conv.result_side().pow(2));
    let mut out = Vec::new();
    for picture in x.chunks(x.len() / conv.batch) {
        let mut result = matmul(w, &gathered(&windows, picture), conv.taps(), pixels);
        result.chunks_mut(pixels).zip(b).for_each(|(channel, b)| channel.iter_mut().for_each(|v| *v += b));
        out.append(&mut result);
    }
    out
}

/// The gradients of a convolution by its input, weights and bias, from that by its result.
fn convolve_back(conv: &Conv, x: &[f64], w: &[f64], d: &[f64]) -> [Vec<f64>; 3] {
    let (windows, pixels, taps) = (windows(conv), conv.result_side().pow(2), conv.taps());
    let (mut d_x, mut d_w, mut d_b) = (vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; conv.out]);
    let (picture, w) = (x.len() / conv.batch, transposed(w, taps));
    for ((x, d_x), d) in x.chunks(picture).zip(d_x.chunks_mut(picture)).zip(d.chunks(conv.out * pixels)) {
        let by_weights = matmul(d, &transposed(&gathered(&windows, x), pixels), pixels, taps);
        d_w.iter_mut().zip(by_weights).for_each(|(sum, v)| *sum += v);
        d_b.iter_mut().zip(d.chunks(pixels)).for_each(|(sum, channel)| *sum += channel.iter().sum::<f64>());
        let by_windows = matmul(&w, d, conv.out, pixels);
        windows.iter().zip(by_windows).for_each(|(at, v)| at.iter().for_each(|&at| d_x[at] += v));
    }
    [d_x, d_w, d_b]
}

/// Batch normalization, and what its gradient needs.
struct Norm {
    /// Before scale and shift.
    normal: Vec<f64>,
    out: Vec<f64>,
    /// Of each channel, 1 over the root of its variance.
    inverse: Vec<f64>,
}

/// The channel of element `at`, where each picture has `channels` of `pixels`.
fn channel(at: usize, channels: usize, pixels: usize) -> usize {
    at / pixels % channels
}

/// The mean of each channel.
fn means(x: &[f64], channels: usize, pixels: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    x.chunks(pixels).enumerate().for_each(|(at, values)| sums[at % channels] += values.iter().sum::<f64>());
    sums.iter().map(|sum| sum / (x.len() / channels) as f64).collect()
}

fn normalize(x: &[f64], pixels: usize, statistics: [&[f64]; 2], scale: &[f64], shift: &[f64]) -> Norm {
    let [mean, variance] = statistics;
    let inverse: Vec<f64> = variance.iter().map(|v| 1.0 / (v + f64::from(EPSILON)).sqrt()).collect();
    let of = |at| channel(at, scale.len(), pixels);
    let normal: Vec<f64> = x.iter().enumerate().map(|(at, v)| (v - mean[of(at)]) * inverse[of(at)]).collect();
    let out = normal.iter().enumerate().map(|(at, v)| v * scale[of(at)] + shift[of(at)]).collect();
    Norm { normal, out, inverse }
}

/// With the statistics of `x` itself.
fn normalize_batch(x: &[f64], pixels: usize, scale: &[f64], shift: &[f64]) -> Norm {
    let channels = scale.len();
    let mean = means(x, channels, pixels);
    let squares = x.iter().enumerate().map(|(at, v)| (v - mean[channel(at, channels, pixels)]).powi(2));
    let variance = means(&squares.collect::<Vec<f64>>(), channels, pixels);
    normalize(x, pixels, [&mean, &variance], scale, shift)
}

/// The gradients by input, scale and shift.
fn normalize_batch_back(norm: &Norm, pixels: usize, scale: &[f64], d: &[f64]) -> [Vec<f64>; 3] {
    let channels = scale.len();
    let of = |at| channel(at, channels, pixels);
    let products: Vec<f64> = d.iter().zip(&norm.normal).map(|(d, n)| d * n).collect();
    let (mean, product) = (means(d, channels, pixels), means(&products, channels, pixels));
    let by_input = |(at, (d, n)): (usize, (&f64, &f64))| {
        scale[of(at)] * norm.inverse[of(at)] * (d - mean[of(at)] - n * product[of(at)])
    };
    let count = (d.len() / channels) as f64;
    let total = |means: Vec<f64>| means.iter().map(|mean| mean * count).collect();
    [d.iter().zip(&norm.normal).enumerate().map(by_input).collect(), total(product), total(mean)]
}

/// For each square of 2 × 2, the position of its largest element. Of equal ones it is the first: all are the image
/// of 0 under relu here, so the gradient ends there whichever gets it.
fn largest(x: &[f64], side: usize) -> Vec<usize> {
    let half = side / 2;
    let best = |at: usize| {
        let corner = at / half * 2 * side + at % half * 2;
        let square = [corner, corner + 1, corner + side, corner + side + 1];
        square.into_iter().reduce(|best, next| if x[next] > x[best] { next } else { best }).unwrap_or(corner)
    };
    (0..x.len() / 4).map(best).collect()
}

fn picked(x: &[f64], positions: &[usize]) -> Vec<f64> {
    positions.iter().map(|&at| x[at]).collect()
}

/// The gradient of a choice of `count` elements.
fn picked_back(positions: &[usize], d: &[f64], count: usize) -> Vec<f64> {
    let mut by_input = vec![0.0; count];
    positions.iter().zip(d).for_each(|(&at, d)| by_input[at] += d);
    by_input
}

/// A convolution followed by relu.
fn layer(conv: &Conv, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = convolve(conv, x, w, b);
    relu_all(&mut out);
    out
}

fn layer_back(conv: &Conv, x: &[f64], w: &[f64], out: &[f64], d: &[f64]) -> [Vec<f64>; 3] {
    let d: Vec<f64> = d.iter().zip(out).map(|(d, &out)| d * f64::from(out > 0.0)).collect();
    convolve_back(conv, x, w, &d)
}

/// Two layers, batch normalization and the choice of the largest: half of the net, with all it saw.
struct Half {
    convolutions: [Conv; 2],
    outs: [Vec<f64>; 2],
    norm: Norm,
    largest: Vec<usize>,
}

impl Half {
    /// `parameters` are w, b, w, b, scale and shift.
    fn new(convolutions: [Conv; 2], x: &[f64], parameters: &[Vec<f64>], statistics: Option<&[Vec<f64>]>) -> Half {
        let first = layer(&convolutions[0], x, &parameters[0], &parameters[1]);
        let second = layer(&convolutions[1], &first, &parameters[2], &parameters[3]);
        let (side, scale, shift) = (convolutions[1].result_side(), &parameters[4], &parameters[5]);
        let norm = match statistics {
            Some(seen) => normalize(&second, side.pow(2), [&seen[0], &seen[1]], scale, shift),
            None => normalize_batch(&second, side.pow(2), scale, shift),
        };
        let largest = largest(&norm.out, side);
        Half { convolutions, outs: [first, second], norm, largest }
    }

    fn out(&self) -> Vec<f64> {
        picked(&self.norm.out, &self.largest)
    }

    /// The gradients by the input, and by each parameter.
    fn back(&self, x: &[f64], parameters: &[Vec<f64>], d: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let ([one, two], [first, second]) = (&self.convolutions, &self.outs);
        let d = picked_back(&self.largest, d, second.len());
        let [d, d_scale, d_shift] = normalize_batch_back(&self.norm, two.result_side().pow(2), &parameters[4], &d);
        let [d, d_w2, d_b2] = layer_back(two, first, &parameters[2], second, &d);
        let [d, d_w1, d_b1] = layer_back(one, x, &parameters[0], first, &d);
        (d, vec![d_w1, d_b1, d_w2, d_b2, d_scale, d_shift])
    }
}

/// Class scores in inference.
pub fn forward() -> Arrays {
    let (parameters, seen) = (all_wide(&inputs::arrays(CONVNET)), all_wide(&inputs::arrays(STATISTICS)));
    let [one, two, three, four] = Conv::of_net();
    let first = Half::new([one, two], &wide(&inputs::digits(BATCH)), &parameters[..6], Some(&seen[..2])).out();
    let second = Half::new([three, four], &first, &parameters[6..12], Some(&seen[2..])).out();
    vec![linear(&second, &parameters[12], &parameters[13])]
}

/// The loss of the first step, and how far it moves each parameter.
pub fn train() -> Arrays {
    let (parameters, x) = (all_wide(&inputs::arrays(CONVNET)), wide(&inputs::digits(BATCH)));
    let [one, two, three, four] = Conv::of_net();
    let first = Half::new([one, two], &x, &parameters[..6], None);
    let between = first.out();
    let second = Half::new([three, four], &between, &parameters[6..12], None);
    let (features, w5) = (second.out(), &parameters[12]);
    let mut d_scores = linear(&features, w5, &parameters[13]);
    let loss = cross_entropy(&mut d_scores, &inputs::classes(BATCH));
    let (width, classes) = (features.len() / BATCH, d_scores.len() / BATCH);
    let d_w5 = matmul(&transposed(&features, width), &d_scores, BATCH, classes);
    let d = matmul(&d_scores, &transposed(w5, classes), classes, width);
    let (d, second) = second.back(&between, &parameters[6..12], &d);
    let (_, first) = first.back(&x, &parameters[..6], &d);
    let gradients = first.into_iter().chain(second).chain([d_w5, sum_of_rows(&d_scores, classes)]);
    [vec![loss]].into_iter().chain(gradients.map(first_step_of_adam)).collect()
}

/// From zeros, without bias, both means are those of this one gradient.
fn first_step_of_adam(gradient: Vec<f64>) -> Vec<f64> {
    let (rate, epsilon) = (f64::from(ADAM_RATE), f64::from(ADAM_EPSILON));
    gradient.into_iter().map(|g| -rate * g / (g.abs() + epsilon)).collect()
}
