//! Whole tensor functions: their cost, updates in place, run-time dimensions, and errors.

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

    fn row_softmax(x: Tensor<f32, 64, 100>) -> Tensor<f32, 64, 100> {
        x.softmax(-1)
    }

    fn row_layernorm(x: Tensor<f32, 64, 100>, w: Tensor<f32, 100>, b: Tensor<f32, 100>) -> Tensor<f32, 64, 100> {
        x.layernorm(1e-5) * w + b
    }

    fn loss_of_scores(x: Tensor<f32, 64, 10>, y: Tensor<u8, 64>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    fn double(x: Tensor<f32, 8>) -> Tensor<f32, 8> {
        x * 2.0
    }

    fn exchange(a: &mut Tensor<f32, 4>, b: &mut Tensor<f32, 4>) {
        let old = *a;
        *a = *b;
        *b = old;
    }

    fn reverse(a: &mut Tensor<f32, 5>) {
        *a = a.flip(0);
    }

    fn weighted<N: Dim<2, 64>>(x: Tensor<f32, N>, w: Tensor<f32, N>, by: f32, plus: i64) -> (Tensor<f32>, Tensor<i64, N>) {
        ((x * w).sum() * by, x.cast::<i64>() + plus)
    }
}

// Costs are constants, so that a build can depend on them.
const _: () = assert!(TRAIN_STEP.kernels <= 9);

#[test]
fn rows_are_one_kernel_and_a_train_step_nine() {
    assert_eq!(ROW_SOFTMAX.kernels, 1);
    assert_eq!(ROW_LAYERNORM.kernels, 1);
    assert_eq!(LOSS_OF_SCORES.kernels, 1);
    assert_eq!(TRAIN_STEP.kernels, 9);
    assert_eq!((DOUBLE.kernels, DOUBLE.flops, DOUBLE.bytes, DOUBLE.workspace_bytes), (1, 8, 64, 0));
    // Parameters are updated where they are: the workspace holds hidden units and scores with their gradients.
    assert!(TRAIN_STEP.workspace_bytes <= 4 * (2 * 128 * 128 + 2 * 128 * 10 + 64), "{TRAIN_STEP:?}");
}

#[test]
fn updates_read_the_old_values() -> tg::Result<()> {
    let (mut a, mut b) = (Tensor::from([1.0f32, 2.0, 3.0, 4.0]), Tensor::from([5.0f32, 6.0, 7.0, 8.0]));
    exchange(&mut a, &mut b)?;
    assert_eq!((a.to_vec(), b.to_vec()), (vec![5.0, 6.0, 7.0, 8.0], vec![1.0, 2.0, 3.0, 4.0]));
    let mut c = Tensor::from([1.0f32, 2.0, 3.0, 4.0, 5.0]);
    reverse(&mut c)?;
    assert_eq!(c.to_vec(), [5.0, 4.0, 3.0, 2.0, 1.0]);
    Ok(())
}

#[test]
fn run_time_dimensions_are_bound_and_checked() -> tg::Result<()> {
    let tensor = |n: usize| Tensor::<f32, (Dyn,)>::from_vec((0..n).map(|i| i as f32).collect());
    let (sum, whole) = weighted(&tensor(40)?, &tensor(40)?, 0.5, 7)?;
    assert_eq!(sum.item(), (0..40).map(|i| (i * i) as f32).sum::<f32>() * 0.5);
    assert_eq!(whole.to_vec(), (7..47).collect::<Vec<i64>>());
    let fixed = Tensor::from([1.0f32, 2.0, 3.0]);
    assert_eq!(weighted(&fixed, &fixed, 1.0, 0)?.0.item(), 14.0);

    let message = weighted(&tensor(5)?, &tensor(6)?, 1.0, 0).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains("weighted") && message.contains('5') && message.contains('6'), "{message}");
    for n in [0, 1, 65] {
        let message = weighted(&tensor(n)?, &tensor(n)?, 1.0, 0).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains('N') && message.contains(&n.to_string()), "{n}: {message}");
    }
    Ok(())
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
