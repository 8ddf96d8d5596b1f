//! How layers begin: the distribution, and that equal seeds repeat while others, and parts of one layer, differ.

use tg::prelude::*;

/// Mean and largest magnitude.
fn spread(elements: &[f32]) -> (f32, f32) {
    let mean = elements.iter().sum::<f32>() / elements.len() as f32;
    (mean, elements.iter().fold(0.0, |most, x| most.max(x.abs())))
}

#[track_caller]
fn fills(elements: &[f32], bound: f32) {
    let (mean, most) = spread(elements);
    assert!(mean.abs() < 0.1 * bound && most <= bound && most > 0.95 * bound, "mean {mean}, most {most}, not {bound}");
}

#[test]
fn weights_are_uniform_within_the_bounds_of_pytorch() {
    let linear = nn::Linear::<64, 200>::init(1);
    fills(linear.weight.as_slice(), 1.0 / 8.0);
    fills(linear.bias.as_slice(), 1.0 / 8.0);
    fills(nn::LinearNoBias::<64, 200>::init(1).weight.as_slice(), 1.0 / 8.0);
    fills(nn::Conv1d::<4, 64, 9>::init(1).weight.as_slice(), 1.0 / 6.0);
    fills(nn::Conv2d::<4, 64, 3, 1, 1>::init(1).weight.as_slice(), 1.0 / 6.0);
    fills(nn::Conv2dNoBias::<4, 64, 3>::init(1).weight.as_slice(), 1.0 / 6.0);
    let attention = nn::MultiHeadAttention::<24, 4>::init(1);
    fills(attention.q_proj.weight.as_slice(), 0.25);
    fills(attention.out_proj.weight.as_slice(), (1.0f32 / 24.0).sqrt());
    assert!(attention.v_proj.bias.as_slice().iter().all(|x| *x == 0.0));
}

#[test]
fn embeddings_are_normal_and_norms_the_identity() {
    let words = nn::Embedding::<100, 10>::init(1);
    let square = words.weight.as_slice().iter().map(|x| x * x).sum::<f32>() / 1000.0;
    assert!((square - 1.0).abs() < 0.2 && spread(words.weight.as_slice()).0.abs() < 0.1);
    let norm = nn::BatchNorm::<2>::init();
    let parts = [&norm.weight, &norm.running_var, &norm.bias, &norm.running_mean].map(|part| part.as_slice());
    assert_eq!(parts, [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
    assert_eq!(nn::LayerNorm::<2>::init().weight, nn::RmsNorm::<2>::init().weight);
}

#[test]
fn seeds_repeat_and_parts_have_streams_of_their_own() {
    let linear = nn::Linear::<4, 4>::init(1);
    assert_eq!(linear, nn::Linear::init(1));
    assert_ne!(linear, nn::Linear::init(2));
    assert_ne!(linear.weight.as_slice()[..4], *linear.bias.as_slice());
    let attention = nn::MultiHeadAttention::<4, 2>::init(1);
    assert_ne!(attention.q_proj, attention.k_proj);
}
