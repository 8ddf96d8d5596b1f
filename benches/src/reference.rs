//! What every case must compute, in float64 and in the plainest way. Not timed.

mod convnet;
mod encoder;

use std::f64::consts::FRAC_2_PI;

use crate::inputs::{self, EPSILON, LINE, MLP, Mlp, RATE, ROWS};

pub use convnet::{conv, forward as convnet, train as convnet_train};
pub use encoder::layer as encoder;

/// The results of a case: one or several arrays.
pub type Arrays = Vec<Vec<f64>>;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn all_wide(arrays: &[Vec<f32>]) -> Vec<Vec<f64>> {
    arrays.iter().map(|array| wide(array)).collect()
}

/// The `(m, n)` product of `a` `(m, k)` and `b` `(k, n)`.
fn matmul(a: &[f64], b: &[f64], k: usize, n: usize) -> Vec<f64> {
    let mut product = vec![0.0; a.len() / k * n];
    // Eight rows at a time, so that each row of `b` is read once for all of them.
    for (rows, outs) in a.chunks(8 * k).zip(product.chunks_mut(8 * n)) {
        for (at, b_row) in b.chunks(n).enumerate() {
            for (row, out) in rows.chunks(k).zip(outs.chunks_mut(n)) {
                out.iter_mut().zip(b_row).for_each(|(o, &b)| *o += row[at] * b);
            }
        }
    }
    product
}

fn transposed(a: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|c| a.iter().skip(c).step_by(columns).copied()).collect()
}

fn add_to_rows(rows: &mut [f64], bias: &[f64]) {
    rows.chunks_mut(bias.len()).for_each(|row| row.iter_mut().zip(bias).for_each(|(r, b)| *r += b));
}

fn sum_of_rows(rows: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).map(|c| rows.iter().skip(c).step_by(columns).sum()).collect()
}

/// `x w + bias`, for rows `x`.
fn linear(x: &[f64], w: &[f64], bias: &[f64]) -> Vec<f64> {
    let mut out = matmul(x, w, w.len() / bias.len(), bias.len());
    add_to_rows(&mut out, bias);
    out
}

fn relu_all(values: &mut [f64]) {
    values.iter_mut().for_each(|v| *v = v.max(0.0));
}

/// Hidden units after relu, and class scores.
fn layers(net: &Mlp, parameters: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let [w1, b1, w2, b2] = parameters else { return Default::default() };
    let mut h = linear(&wide(&net.x), w1, b1);
    relu_all(&mut h);
    let scores = linear(&h, w2, b2);
    (h, scores)
}

/// Class scores.
pub fn mlp(batch: usize) -> Arrays {
    let net = Mlp::new(batch);
    vec![layers(&net, &all_wide(&net.parameters)).1]
}

fn softmax_row(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|v| *v = (*v - max).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|v| *v /= sum);
}

/// The mean cross-entropy of `scores`, which become its gradient by them.
fn cross_entropy(scores: &mut [f64], right: &[u32]) -> f64 {
    let (batch, classes) = (right.len(), scores.len() / right.len());
    scores.chunks_mut(classes).for_each(softmax_row);
    let mut loss = 0.0;
    for (row, &class) in scores.chunks_mut(classes).zip(right) {
        loss -= row[class as usize].ln() / batch as f64;
        row[class as usize] -= 1.0;
        row.iter_mut().for_each(|v| *v /= batch as f64);
    }
    loss
}

/// The loss of the first step, and how far it moves each parameter.
pub fn train(batch: usize) -> Arrays {
    let [pixels, hidden, classes] = MLP;
    let net = Mlp::new(batch);
    let parameters = all_wide(&net.parameters);
    let (h, mut d_scores) = layers(&net, &parameters);
    let loss = cross_entropy(&mut d_scores, &net.y);
    let mut d_h = matmul(&d_scores, &transposed(&parameters[2], classes), classes, hidden);
    d_h.iter_mut().zip(&h).for_each(|(d, &h)| *d *= f64::from(h > 0.0));
    let d_w1 = matmul(&transposed(&wide(&net.x), pixels), &d_h, batch, hidden);
    let d_w2 = matmul(&transposed(&h, hidden), &d_scores, batch, classes);
    let gradients = [d_w1, sum_of_rows(&d_h, hidden), d_w2, sum_of_rows(&d_scores, classes)];
    let moved = |g: Vec<f64>| g.into_iter().map(|v| -f64::from(RATE) * v).collect();
    [vec![loss]].into_iter().chain(gradients.into_iter().map(moved)).collect()
}

/// The product of an `(m, k)` and a `(k, n)` matrix.
pub fn product(shape: [usize; 3]) -> Arrays {
    let (a, b) = inputs::factors(shape);
    vec![matmul(&wide(&a), &wide(&b), shape[1], shape[2])]
}

/// Softmax of every row.
pub fn softmax() -> Arrays {
    let mut rows = wide(&inputs::rows());
    rows.chunks_mut(ROWS[1]).for_each(softmax_row);
    vec![rows]
}

/// Each row normalized, scaled and moved.
fn normalize_rows(rows: &mut [f64], weight: &[f64], bias: &[f64]) {
    for row in rows.chunks_mut(weight.len()) {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / row.len() as f64;
        let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
        for ((v, &w), &b) in row.iter_mut().zip(weight).zip(bias) {
            *v = (*v - mean) * scale * w + b;
        }
    }
}

/// Layernorm of every row, with weight and bias.
pub fn layernorm() -> Arrays {
    let (weight, bias) = inputs::affine();
    let mut rows = wide(&inputs::rows());
    normalize_rows(&mut rows, &wide(&weight), &wide(&bias));
    vec![rows]
}

/// `relu(2x + 1)`.
pub fn relu() -> Arrays {
    vec![inputs::elements().iter().map(|&x| (2.0 * f64::from(x) + 1.0).max(0.0)).collect()]
}

/// `gelu_tanh(ax + b)`.
pub fn gelu() -> Arrays {
    let [a, b] = LINE.map(f64::from);
    let gelu = |x: f64| 0.5 * x * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3))).tanh());
    vec![inputs::elements().iter().map(|&x| gelu(a * f64::from(x) + b)).collect()]
}

/// The sum of all elements.
pub fn sum() -> Arrays {
    vec![vec![inputs::elements().iter().map(|&x| f64::from(x)).sum()]]
}

/// The largest difference from the reference, relative to the largest element of its array.
pub fn error(got: &[Vec<f32>], want: &Arrays) -> f64 {
    if got.len() != want.len() || got.iter().zip(want).any(|(g, w)| g.len() != w.len()) {
        return f64::INFINITY;
    }
    got.iter().zip(want).map(|(g, w)| array_error(g, w)).fold(0.0, f64::max)
}

fn array_error(got: &[f32], want: &[f64]) -> f64 {
    let largest = want.iter().fold(f64::MIN_POSITIVE, |m, w| m.max(w.abs()));
    let differences = got.iter().zip(want).map(|(&g, &w)| (f64::from(g) - w).abs());
    // `max` would pass over a NaN.
    differences.fold(0.0, |worst, d| if d <= worst { worst } else { if d.is_nan() { f64::INFINITY } else { d } })
        / largest
}
