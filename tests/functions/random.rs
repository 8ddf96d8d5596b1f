//! Random numbers inside of tensor functions: the elements that tensors have which are made outside, for any seed and size.

use tg::prelude::*;
use tg_core::random::bits;

tensor_fn! {
    fn words<N: Dim>(x: Tensor<u8, N>, seed: u64) -> Tensor<u32, N, 2> {
        random_bits([x.dim(0), 2], seed)
    }

    fn uniforms<N: Dim>(x: Tensor<u8, N>, seed: u64)
        -> (Tensor<f32, N>, Tensor<f64, N>, Tensor<bf16, N>, Tensor<f16, N>)
    {
        let n = x.dim(0);
        (
            uniform([n], 0.0, 1.0, seed),
            uniform::<f64>([n], -0.1, 0.3, seed),
            uniform::<bf16>([n], -0.1, 0.3, seed),
            uniform::<f16>([n], 2.0, 1000.0, seed),
        )
    }

    fn normals<N: Dim>(x: Tensor<u8, N>, seed: u64) -> (Tensor<f32, N, 3>, Tensor<f64, N, 3>) {
        let shape = [x.dim(0), 3];
        (randn(shape, seed), randn::<f64>(shape, seed))
    }

    /// The loss of a net with noise and dropout, and its slope. What was dropped is computed again, not stored.
    fn noisy(x: Tensor<f32, 64, 32>, w: Tensor<f32, 32, 16>, seed: u64) -> (Tensor<f32>, Tensor<f32, 32, 16>) {
        let hidden = (x + 0.1 * randn([64, 32], seed * 2)).dropout(0.25, seed * 2 + 1);
        let loss = hidden.matmul(w).square().mean();
        (loss, loss.grad(w))
    }

    /// Draws from the stream that `seed` says, and goes on to the next one.
    fn draw(seed: &mut Tensor<u64>) -> Tensor<f32, 4> {
        let drawn = randn([4], seed);
        *seed += 1;
        drawn
    }
}

const SEEDS: [u64; 3] = [0, 7, 0xfedc_ba98_7654_3210];

/// A tensor of which only the number of elements matters.
fn sized(n: usize) -> Tensor<u8, (Dyn,)> {
    Tensor::zeros_in((Dyn(n),)).expect("memory")
}

#[test]
fn words_are_those_of_the_generator() -> tg::Result<()> {
    for (seed, n) in SEEDS.into_iter().zip([1, 19, 1000]) {
        let expected: Vec<u32> = (0..n as u64).flat_map(|pair| bits(seed, pair)).collect();
        assert_eq!(words(&sized(n), seed)?.as_slice(), expected);
    }
    Ok(())
}

#[test]
fn uniform_numbers_are_the_same_bit_for_bit() -> tg::Result<()> {
    for (seed, n) in SEEDS.into_iter().zip([1, 39, 20_001]) {
        let (f32, f64, bf16, f16) = uniforms(&sized(n), seed)?;
        let shape = (Dyn(n),);
        assert!(f32 == Tensor::uniform_in(shape, 0.0, 1.0, seed)?);
        assert!(f64 == Tensor::uniform_in(shape, -0.1, 0.3, seed)?);
        assert!(bf16 == Tensor::uniform_in(shape, -0.1, 0.3, seed)?);
        assert!(f16 == Tensor::uniform_in(shape, 2.0, 1000.0, seed)?);
        assert!(f32.as_slice().iter().all(|x| (0.0..1.0).contains(x)));
    }
    Ok(())
}

#[test]
fn normal_numbers_are_the_same_to_a_rounding() -> tg::Result<()> {
    for (seed, n) in SEEDS.into_iter().zip([1, 40, 10_000]) {
        let (narrow, wide) = normals(&sized(n), seed)?;
        let (shape, near) = ((Dyn(n), tg::Const::<3>), |a: f64, b: f64| (a - b).abs() <= 1e-14);
        let expected = Tensor::<f64, _>::randn_in(shape, seed)?;
        assert!(wide.as_slice().iter().zip(expected.as_slice()).all(|(a, b)| near(*a, *b)));
        let expected = Tensor::<f32, _>::randn_in(shape, seed)?;
        let differing = narrow.as_slice().iter().zip(expected.as_slice()).filter(|(a, b)| a != b).count();
        assert!(differing <= 1, "{differing} of {}", narrow.len());
    }
    Ok(())
}

#[test]
fn gradients_drop_what_was_dropped() -> tg::Result<()> {
    let (x, w) = (Tensor::randn(1), Tensor::randn(2));
    let (loss, slope) = noisy(&x, &w, 3)?;
    let noise: Tensor<f32, (tg::Const<64>, tg::Const<32>)> = Tensor::randn(6);
    let kept: Tensor<f32, (tg::Const<64>, tg::Const<32>)> = Tensor::uniform(0.0, 1.0, 7);
    let hidden = |i: usize, j: usize| {
        let at = i * 32 + j;
        let x = f64::from(x.as_slice()[at]) + 0.1 * f64::from(noise.as_slice()[at]);
        if kept.as_slice()[at] < 0.25 { 0.0 } else { x / 0.75 }
    };
    let w = |j: usize, k: usize| f64::from(w.as_slice()[j * 16 + k]);
    let score = |i: usize, k: usize| (0..32).map(|j| hidden(i, j) * w(j, k)).sum::<f64>();
    let scores: Vec<f64> = (0..64 * 16).map(|at| score(at / 16, at % 16)).collect();
    let expected = scores.iter().map(|y| y * y).sum::<f64>() / 1024.0;
    assert!((f64::from(loss.item()) / expected - 1.0).abs() < 1e-5, "{} {expected}", loss.item());
    for (at, got) in slope.as_slice().iter().enumerate() {
        let expected = (0..64).map(|i| hidden(i, at / 16) * scores[i * 16 + at % 16] / 512.0).sum::<f64>();
        assert!((f64::from(*got) - expected).abs() < 1e-4, "{at}: {got} {expected}");
    }
    Ok(())
}

#[test]
fn a_seed_can_be_state() -> tg::Result<()> {
    let mut seed = Tensor::from(5u64);
    let drawn = [draw(&mut seed)?, draw(&mut seed)?];
    assert_eq!((seed.item(), drawn), (7, [Tensor::randn(5), Tensor::randn(6)]));
    Ok(())
}
