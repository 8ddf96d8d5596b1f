//! What functions cost, as constants: fusion that is lost shows here.

use tg::prelude::*;

tensor_fn! {
    pub fn softmax(x: Tensor<f32, 64, 100>) -> Tensor<f32, 64, 100> {
        x.softmax(-1)
    }

    pub fn layernorm(x: Tensor<f32, 64, 100>, scale: Tensor<f32, 100>, shift: Tensor<f32, 100>) -> Tensor<f32, 64, 100> {
        let centred = x - x.mean_keep(-1);
        let variance = centred.square().mean_keep(-1);
        centred / (variance + 1e-5).sqrt() * scale + shift
    }

    pub fn loss(x: Tensor<f32, 64, 10>, y: Tensor<u8, 64>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    pub fn attention(q: Tensor<f32, 4, 100, 32>, k: Tensor<f32, 4, 100, 32>, v: Tensor<f32, 4, 100, 32>) -> Tensor<f32, 4, 100, 32> {
        q.attention(k, v)
    }

    /// How many keys there may be, no scratch memory is made for.
    pub fn attention_of_any_length<L: Dim>(q: Tensor<f32, 4, 100, 32>, k: Tensor<f32, 4, L, 32>, v: Tensor<f32, 4, L, 32>) -> Tensor<f32, 4, 100, 32> {
        q.attention(k, v)
    }

    /// A long sum: in parts of 4096 elements, which take 64 · 4 bytes, and then those.
    pub fn long_sum(x: Tensor<f32, 512, 512>) -> Tensor<f32> {
        x.sum()
    }

    /// Three additions; reads two arrays of 12 bytes and writes one.
    pub fn add(x: Tensor<f32, 3>, y: Tensor<f32, 3>) -> Tensor<f32, 3> {
        x + y
    }

    /// Six products, and the sums of three: reads 24 and 12 bytes, writes 8.
    pub fn product(w: Tensor<f32, 2, 3>, x: Tensor<f32, 3>) -> Tensor<f32, 2> {
        w.matmul(x)
    }

    /// 16 × 16 sums of products, whose 1024 bytes lie between the two kernels.
    pub fn products(x: Tensor<f32, 16, 16>, w: Tensor<f32, 16, 16>) -> Tensor<f32, 16, 16> {
        x.matmul(w).matmul(w)
    }

    pub struct Mlp {
        w1: Tensor<f32, 784, 128>,
        b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,
        b2: Tensor<f32, 10>,
    }

    pub fn train_step(net: &mut Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
        let h = ((x.cast::<f32>() / 255.0).matmul(net.w1) + net.b1).relu();
        let loss = (h.matmul(net.w2) + net.b2).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }

    /// The same without the update.
    pub fn gradients(net: Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>) -> (Tensor<f32>, Mlp) {
        let h = ((x.cast::<f32>() / 255.0).matmul(net.w1) + net.b1).relu();
        let loss = (h.matmul(net.w2) + net.b2).cross_entropy(y);
        (loss, loss.grad(net))
    }
}

const _: () = assert!(SOFTMAX.kernels == 1 && SOFTMAX.workspace_bytes == 0);
const _: () = assert!(LAYERNORM.kernels == 1 && LAYERNORM.workspace_bytes == 0);
// The scores are never in memory.
const _: () = assert!(ATTENTION.kernels == 1 && ATTENTION.workspace_bytes == 0);
const _: () = assert!(ATTENTION_OF_ANY_LENGTH.kernels > 1);
const _: () = assert!(LONG_SUM.kernels == 2 && LONG_SUM.workspace_bytes == 256);
const _: () = assert!(LOSS.kernels == 1 && LOSS.workspace_bytes == 0);
const _: () = assert!(TRAIN_STEP.kernels <= 9);
// The update of the weights is part of the kernels that compute their gradients.
const _: () = assert!(TRAIN_STEP.kernels == GRADIENTS.kernels);

#[test]
fn costs_of_small_functions_are_exact() {
    assert_eq!(ADD, tg::Report { kernels: 1, flops: 3, bytes: 36, workspace_bytes: 0 });
    assert_eq!(PRODUCT, tg::Report { kernels: 1, flops: 12, bytes: 44, workspace_bytes: 0 });
    assert_eq!(PRODUCTS, tg::Report { kernels: 2, flops: 16384, bytes: 6144, workspace_bytes: 1024 });
}

#[test]
fn fused_rows_are_right() -> tg::Result<()> {
    let p = softmax(&Tensor::randn(1))?;
    assert!(p.as_slice().chunks(100).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    let n = layernorm(&Tensor::uniform(3.0, 5.0, 2), &Tensor::full(2.0), &Tensor::full(1.0))?;
    for row in n.as_slice().chunks(100) {
        let mean = row.iter().sum::<f32>() / 100.0;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 100.0;
        assert!((mean - 1.0).abs() < 1e-4 && (variance - 4.0).abs() < 1e-2, "{mean} {variance}");
    }
    let even = loss(&Tensor::ones(), &Tensor::from([3; 64]))?.item();
    assert!((even - 10f32.ln()).abs() < 1e-5, "{even}");
    Ok(())
}

#[test]
fn weights_change_where_they_are() -> tg::Result<()> {
    let mut net = Mlp::zeros();
    let (x, y) = (Tensor::full(255), Tensor::from([7; 128]));
    assert!((train_step(&mut net, &x, &y, 0.5)?.item() - 10f32.ln()).abs() < 1e-5);
    // With all weights 0 only the last bias has a gradient: probability less truth.
    for (digit, b) in net.b2.as_slice().iter().enumerate() {
        let expected = -0.5 * (0.1 - if digit == 7 { 1.0 } else { 0.0 });
        assert!((b - expected).abs() < 1e-6, "{digit}: {b}");
    }
    assert!(net.w1.as_slice().iter().chain(net.w2.as_slice()).all(|w| *w == 0.0));
    Ok(())
}
