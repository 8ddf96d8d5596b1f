//! What the encoder layer must compute.

use std::f64::consts::{PI, SQRT_2};

use super::{Arrays, all_wide, linear, matmul, normalize_rows, softmax_row, transposed, wide};
use crate::inputs::{self, ENCODER, HEADS, WIDTH};

/// The layer's result.
pub fn layer() -> Arrays {
    let (parameters, mut x) = (all_wide(&inputs::arrays(ENCODER)), wide(&inputs::sequence()));
    let [w_qkv, b_qkv, w_out, b_out, scale1, shift1, w_up, b_up, w_down, b_down, scale2, shift2] = &parameters[..]
    else {
        return Arrays::new();
    };
    let mixed = attend(&linear(&x, w_qkv, b_qkv));
    add(&mut x, &linear(&mixed, w_out, b_out));
    normalize_rows(&mut x, scale1, shift1);
    let mut inner = linear(&x, w_up, b_up);
    inner.iter_mut().for_each(|v| *v *= 0.5 * (1.0 + erf(*v / SQRT_2)));
    add(&mut x, &linear(&inner, w_down, b_down));
    normalize_rows(&mut x, scale2, shift2);
    vec![x]
}

fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
}

/// The attention of all heads; rows of `qkv` hold all queries, then all keys, then all values.
fn attend(qkv: &[f64]) -> Vec<f64> {
    let (rows, size) = (qkv.len() / (3 * WIDTH), WIDTH / HEADS);
    let mut out = vec![0.0; rows * WIDTH];
    for head in 0..HEADS {
        let part = |which: usize| -> Vec<f64> {
            let start = which * WIDTH + head * size;
            qkv.chunks(3 * WIDTH).flat_map(|row| row[start..start + size].to_vec()).collect()
        };
        let mut scores = matmul(&part(0), &transposed(&part(1), size), size, rows);
        scores.iter_mut().for_each(|v| *v /= (size as f64).sqrt());
        scores.chunks_mut(rows).for_each(softmax_row);
        let mixed = matmul(&scores, &part(2), rows, size);
        for (to, from) in out.chunks_mut(WIDTH).zip(mixed.chunks(size)) {
            to[head * size..(head + 1) * size].copy_from_slice(from);
        }
    }
    out
}

/// `2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1))`, whose terms all have one sign, so that nothing cancels.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}
