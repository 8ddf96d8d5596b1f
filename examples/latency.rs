//! How soon a small network answers: from the start of the process to its first result, and then each call.
//!
//! `cargo run --release --example latency`, or on a GPU `cargo run --release --features cuda --example latency -- --device
//! cuda`

use std::time::Instant;

use tg::prelude::*;

tensor_fn! {
    /// A perceptron for pictures of 28 × 28 pixels.
    pub struct Mlp {
        w1: Tensor<f32, 784, 128>, b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,  b2: Tensor<f32, 10>,
    }

    /// The scores of one picture.
    pub fn one(net: &Mlp, x: Tensor<f32, 1, 784>) -> Tensor<f32, 1, 10> {
        (x.matmul(net.w1) + net.b1).relu().matmul(net.w2) + net.b2
    }

    /// The scores of 32 pictures.
    pub fn batch(net: &Mlp, x: Tensor<f32, 32, 784>) -> Tensor<f32, 32, 10> {
        (x.matmul(net.w1) + net.b1).relu().matmul(net.w2) + net.b2
    }
}

const CALLS: u32 = 10_000;

/// Microseconds of one of many calls that follow each other.
fn per_call(device: &Device, mut call: impl FnMut() -> tg::Result<()>) -> tg::Result<f64> {
    (0..100).try_for_each(|_| call())?;
    device.synchronize()?;
    let start = Instant::now();
    (0..CALLS).try_for_each(|_| call())?;
    device.synchronize()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let device = match std::env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" | "--device cpu" => Device::Cpu,
        "--device cuda" => Device::cuda(0)?,
        other => return Err(format!("expected `--device cpu` or `--device cuda`, got `{other}`").into()),
    };
    let ready = start.elapsed();
    let mut net = Mlp::zeros();
    (net.w1, net.w2) = (Tensor::uniform(-0.1, 0.1, 1), Tensor::uniform(-0.1, 0.1, 2));
    net.move_to(&device)?;
    let x: Tensor![f32, 1, 784] = Tensor::ones().into_device(&device)?;
    let first = one(&net, &x)?.as_slice()[0];
    println!("{device} is ready after {ready:.1?}, the first result, {first:.4}, after {:.1?}", start.elapsed());

    let xs: Tensor![f32, 32, 784] = Tensor::ones().into_device(&device)?;
    let (mut y, mut ys) = (one(&net, &x)?, batch(&net, &xs)?);
    println!("batch  1: {:6.2} us a call", per_call(&device, || one_into(&net, &x, &mut y))?);
    println!(
        "batch  1: {:6.2} us a call and the reading of its result",
        per_call(&device, || {
            one_into(&net, &x, &mut y)?;
            y.to(&Device::Cpu).map(drop)
        })?
    );
    println!("batch 32: {:6.2} us a call", per_call(&device, || batch_into(&net, &xs, &mut ys))?);
    Ok(())
}
