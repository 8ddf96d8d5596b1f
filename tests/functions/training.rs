//! Twenty steps of training agree with the same steps written out in f64.

use tg::prelude::*;

tensor_fn! {
    pub struct Net {
        w1: Tensor<f32, 5, 7>,
        b1: Tensor<f32, 7>,
        w2: Tensor<f32, 7, 3>,
        b2: Tensor<f32, 3>,
    }

    fn step(net: &mut Net, x: Tensor<f32, 8, 5>, y: Tensor<i64, 8>, lr: f32) -> Tensor<f32> {
        let h = (x.matmul(net.w1) + net.b1).tanh();
        let loss = (h.matmul(net.w2) + net.b2).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }
}

const BATCH: usize = 8;
const RATE: f64 = 0.3;

/// A matrix by rows, in f64.
type Matrix = Vec<Vec<f64>>;

struct Reference {
    w1: Matrix,
    b1: Vec<f64>,
    w2: Matrix,
    b2: Vec<f64>,
}

fn rows(elements: &[f32], columns: usize) -> Matrix {
    elements.chunks(columns).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
}

/// `x · w + b` for one row.
fn affine(x: &[f64], w: &Matrix, b: &[f64]) -> Vec<f64> {
    (0..b.len()).map(|j| b[j] + x.iter().zip(w).map(|(x, w)| x * w[j]).sum::<f64>()).collect()
}

/// `w -= rate * xᵀ · d` and `b -= rate * d` for one row of the batch.
fn descend(w: &mut Matrix, b: &mut [f64], x: &[f64], d: &[f64]) {
    for (w, x) in w.iter_mut().zip(x) {
        w.iter_mut().zip(d).for_each(|(w, d)| *w -= RATE * x * d);
    }
    b.iter_mut().zip(d).for_each(|(b, d)| *b -= RATE * d);
}

impl Reference {
    fn step(&mut self, xs: &Matrix, ys: &[i64]) -> f64 {
        let mut loss = 0.0;
        let mut deltas = Vec::new();
        for (x, &y) in xs.iter().zip(ys) {
            let h: Vec<f64> = affine(x, &self.w1, &self.b1).into_iter().map(f64::tanh).collect();
            let scores = affine(&h, &self.w2, &self.b2);
            let sum: f64 = scores.iter().map(|s| s.exp()).sum();
            loss += (sum.ln() - scores[y as usize]) / BATCH as f64;
            let truth = |k: usize| if k == y as usize { 1.0 } else { 0.0 };
            let d2: Vec<f64> = (0..3).map(|k| (scores[k].exp() / sum - truth(k)) / BATCH as f64).collect();
            let back = |j: usize| self.w2[j].iter().zip(&d2).map(|(w, d)| w * d).sum::<f64>();
            let d1: Vec<f64> = (0..7).map(|j| back(j) * (1.0 - h[j] * h[j])).collect();
            deltas.push((x, h, d1, d2));
        }
        for (x, h, d1, d2) in deltas {
            descend(&mut self.w2, &mut self.b2, &h, &d2);
            descend(&mut self.w1, &mut self.b1, x, &d1);
        }
        loss
    }
}

fn assert_close(name: &str, got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((f64::from(*got) - expected).abs() < 1e-4, "{name}: {got}, expected {expected}");
    }
}

#[test]
fn training_agrees_with_f64() -> tg::Result<()> {
    let mut net = Net { w1: Tensor::randn(1), b1: Tensor::randn(2), w2: Tensor::randn(3), b2: Tensor::randn(4) };
    let mut reference = Reference {
        w1: rows(net.w1.as_slice(), 7),
        b1: rows(net.b1.as_slice(), 7).remove(0),
        w2: rows(net.w2.as_slice(), 3),
        b2: rows(net.b2.as_slice(), 3).remove(0),
    };
    let (x, y) = (Tensor::randn(5), Tensor::from([0i64, 1, 2, 2, 1, 0, 1, 2]));
    let xs = rows(x.as_slice(), 5);
    let mut losses = Vec::new();
    for step_number in 0..20 {
        let (loss, expected) = (step(&mut net, &x, &y, RATE as f32)?.item(), reference.step(&xs, y.as_slice()));
        assert_close(&format!("loss of step {step_number}"), &[loss], &[expected]);
        losses.push(loss);
    }
    assert!(losses[19] < 0.8 * losses[0], "{losses:?}");
    assert_close("w1", net.w1.as_slice(), &reference.w1.concat());
    assert_close("b1", net.b1.as_slice(), &reference.b1);
    assert_close("w2", net.w2.as_slice(), &reference.w2.concat());
    assert_close("b2", net.b2.as_slice(), &reference.b2);
    Ok(())
}
