//! What every case must compute, in float64 and in the plainest way. Not timed.

use crate::inputs::{self, EPSILON, MLP, Mlp, RATE, ROWS};

/// The results of a case: one or several arrays.
pub type Arrays = Vec<Vec<f64>>;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The `(m, n)` product of `a` `(m, k)` and `b` `(k, n)`.
fn matmul(a: &[f64], b: &[f64], k: usize, n: usize) -> Vec<f64> {
    let mut product = vec![0.0; a.len() / k * n];
    for (row, out) in a.chunks(k).zip(product.chunks_mut(n)) {
        for (&factor, b_row) in row.iter().zip(b.chunks(n)) {
            out.iter_mut().zip(b_row).for_each(|(o, &b)| *o += factor * b);
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

/// Hidden units after relu, and class scores.
fn layers(net: &Mlp) -> (Vec<f64>, Vec<f64>) {
    let [pixels, hidden, classes] = MLP;
    let mut h = matmul(&wide(&net.x), &wide(&net.w1), pixels, hidden);
    add_to_rows(&mut h, &wide(&net.b1));
    h.iter_mut().for_each(|v| *v = v.max(0.0));
    let mut scores = matmul(&h, &wide(&net.w2), hidden, classes);
    add_to_rows(&mut scores, &wide(&net.b2));
    (h, scores)
}

/// Class scores.
pub fn mlp(batch: usize) -> Arrays {
    vec![layers(&Mlp::new(batch)).1]
}

fn softmax_row(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|v| *v = (*v - max).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|v| *v /= sum);
}

/// The loss of the first step, and how far it moves each parameter.
pub fn train(batch: usize) -> Arrays {
    let [pixels, hidden, classes] = MLP;
    let net = Mlp::new(batch);
    let (h, mut d_scores) = layers(&net);
    d_scores.chunks_mut(classes).for_each(softmax_row);
    let picked = |row: usize| row * classes + net.y[row] as usize;
    let loss = -(0..batch).map(|row| d_scores[picked(row)].ln()).sum::<f64>() / batch as f64;
    (0..batch).for_each(|row| d_scores[picked(row)] -= 1.0);
    d_scores.iter_mut().for_each(|v| *v /= batch as f64);
    let mut d_h = matmul(&d_scores, &transposed(&wide(&net.w2), classes), classes, hidden);
    d_h.iter_mut().zip(&h).for_each(|(d, &h)| *d *= f64::from(h > 0.0));
    let d_w1 = matmul(&transposed(&wide(&net.x), pixels), &d_h, batch, hidden);
    let d_w2 = matmul(&transposed(&h, hidden), &d_scores, batch, classes);
    let gradients = [d_w1, sum_of_rows(&d_h, hidden), d_w2, sum_of_rows(&d_scores, classes)];
    let moved = |g: Vec<f64>| g.into_iter().map(|v| -f64::from(RATE) * v).collect();
    [vec![loss]].into_iter().chain(gradients.into_iter().map(moved)).collect()
}

/// The product of two square matrices.
pub fn product(size: usize) -> Arrays {
    let (a, b) = inputs::factors(size);
    vec![matmul(&wide(&a), &wide(&b), size, size)]
}

/// Softmax of every row.
pub fn softmax() -> Arrays {
    let mut rows = wide(&inputs::rows());
    rows.chunks_mut(ROWS[1]).for_each(softmax_row);
    vec![rows]
}

/// Layernorm of every row, with weight and bias.
pub fn layernorm() -> Arrays {
    let (weight, bias) = inputs::affine();
    let mut rows = wide(&inputs::rows());
    for row in rows.chunks_mut(ROWS[1]) {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / row.len() as f64;
        let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
        for ((v, &w), &b) in row.iter_mut().zip(&weight).zip(&bias) {
            *v = (*v - mean) * scale * f64::from(w) + f64::from(b);
        }
    }
    vec![rows]
}

/// `relu(2x + 1)`.
pub fn relu() -> Arrays {
    vec![inputs::elements().iter().map(|&x| (2.0 * f64::from(x) + 1.0).max(0.0)).collect()]
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
