//! A network as wide as the one for MNIST: sizes at which kernels are tiled, against the same step in f64.

use tg::prelude::*;

tensor_fn! {
    /// A small perceptron.
    #[derive(Clone)]
    pub struct Mlp {
        w1: Tensor<f32, 784, 128>,
        b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,
        b2: Tensor<f32, 10>,
    }

    impl Mlp {
        /// Scores.
        pub fn logits<N: Dim>(&self, x: Tensor<f32, N, 784>) -> Tensor<f32, N, 10> {
            (x.matmul(self.w1) + self.b1).relu().matmul(self.w2) + self.b2
        }
    }

    /// One step of gradient descent.
    pub fn train_step(net: &mut Mlp, x: Tensor<f32, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
        let loss = net.logits(x).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }
}

#[test]
fn parameters_are_updated_where_they_are() {
    assert_eq!(TRAIN_STEP.kernels, 9);
    // The workspace holds hidden units and scores with their gradients, and no gradient of a parameter.
    const { assert!(TRAIN_STEP.workspace_bytes <= 4 * (2 * 128 * 128 + 2 * 128 * 10 + 64)) };
}

/// The same step in f64, written out.
fn reference(net: &mut [Vec<f64>; 4], x: &[f64], y: &[u8], lr: f64) -> f64 {
    let (rows, inner, units, classes) = (128, 784, 128, 10);
    let [w1, b1, w2, b2] = net;
    let product = |a: &dyn Fn(usize, usize) -> f64, b: &dyn Fn(usize, usize) -> f64, n: usize, m: usize, k: usize| {
        let mut out = vec![0.0; n * m];
        for i in 0..n {
            for l in 0..k {
                let left = a(i, l);
                (0..m).for_each(|j| out[i * m + j] += left * b(l, j));
            }
        }
        out
    };
    let mut h = product(&|i, l| x[i * inner + l], &|l, j| w1[l * units + j], rows, units, inner);
    h.iter_mut().enumerate().for_each(|(i, v)| *v = (*v + b1[i % units]).max(0.0));
    let mut p = product(&|i, l| h[i * units + l], &|l, j| w2[l * classes + j], rows, classes, units);
    p.iter_mut().enumerate().for_each(|(i, v)| *v += b2[i % classes]);
    let mut loss = 0.0;
    for (row, &label) in p.chunks_mut(classes).zip(y) {
        let top = row.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = row.iter().map(|v| (v - top).exp()).sum();
        loss += (top + sum.ln() - row[label as usize]) / rows as f64;
        row.iter_mut().for_each(|v| *v = (*v - top).exp() / sum / rows as f64);
        row[label as usize] -= 1.0 / rows as f64;
    }
    let dh = product(&|i, l| p[i * classes + l], &|l, j| w2[j * classes + l], rows, units, classes);
    let dh: Vec<f64> = dh.iter().zip(&h).map(|(d, h)| if *h > 0.0 { *d } else { 0.0 }).collect();
    let dw2 = product(&|i, l| h[l * units + i], &|l, j| p[l * classes + j], units, classes, rows);
    let dw1 = product(&|i, l| x[l * inner + i], &|l, j| dh[l * units + j], inner, units, rows);
    w1.iter_mut().zip(dw1).for_each(|(w, d)| *w -= lr * d);
    w2.iter_mut().zip(dw2).for_each(|(w, d)| *w -= lr * d);
    p.iter().enumerate().for_each(|(i, d)| b2[i % classes] -= lr * d);
    dh.iter().enumerate().for_each(|(i, d)| b1[i % units] -= lr * d);
    loss
}

#[test]
fn training_follows_a_reference_in_f64() -> tg::Result<()> {
    let mut net = Mlp {
        w1: Tensor::uniform(-0.05, 0.05, 1),
        b1: Tensor::zeros(),
        w2: Tensor::uniform(-0.1, 0.1, 2),
        b2: Tensor::zeros(),
    };
    let x: Tensor<f32, (Const<128>, Const<784>)> = Tensor::uniform(0.0, 1.0, 3);
    let y = Tensor::from_vec((0..128).map(|i| (i * 7 % 10) as u8).collect())?;
    let wide = |t: &[f32]| t.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
    let mut exact =
        [wide(net.w1.as_slice()), wide(net.b1.as_slice()), wide(net.w2.as_slice()), wide(net.b2.as_slice())];
    let pixels = wide(x.as_slice());
    for step in 0..4 {
        let (loss, expected) =
            (train_step(&mut net, &x, &y, 0.1)?.item(), reference(&mut exact, &pixels, y.as_slice(), 0.1));
        assert!((f64::from(loss) - expected).abs() < 1e-5 * expected, "step {step}: {loss} for {expected}");
    }
    for (ours, exact) in
        [net.w1.as_slice(), net.b1.as_slice(), net.w2.as_slice(), net.b2.as_slice()].into_iter().zip(&exact)
    {
        let worst = ours.iter().zip(exact).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-5, "a parameter is {worst} off");
    }
    Ok(())
}
