//! How soon a small network answers: from the start of the process to its first result, and then each call.
//!
//! `cargo run --release --example latency`, or on a GPU `cargo run --release --features cuda --example latency -- --device
//! cuda`; with `--lazy` the same network by lazy tensors. The second run of that finds its kernels compiled.

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

/// Turns of [`CALLS`] calls.
const TURNS: usize = 5;

/// Microseconds of one of many calls that follow each other.
fn per_call<E: From<tg::Error>>(device: &Device, mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    (0..100).try_for_each(|_| call())?;
    device.synchronize()?;
    let start = Instant::now();
    (0..CALLS).try_for_each(|_| call())?;
    device.synchronize()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS))
}

fn network() -> Mlp {
    Mlp { w1: Tensor::uniform(-0.1, 0.1, 1), w2: Tensor::uniform(-0.1, 0.1, 2), ..Mlp::zeros() }
}

/// The network by lazy tensors: nothing of it is known to the build.
fn lazy(start: Instant) -> Result<(), Box<dyn std::error::Error>> {
    use tg::lazy::Tensor;
    let ahead = network();
    let (w1, b1) = (Tensor::from(ahead.w1.clone()), Tensor::from(ahead.b1.clone()));
    let (w2, b2) = (Tensor::from(ahead.w2.clone()), Tensor::from(ahead.b2.clone()));
    let net = |x: &Tensor| (x.matmul(&w1) + &b1).relu().matmul(&w2) + &b2;
    // Equal computations are done once, so that each call gets a tensor of its own.
    let fresh = || Tensor::from_slice(&[1.0f32; 784], [1, 784]);
    let first = net(&fresh()).to_vec::<f32>()?[0];
    println!("lazy: the first result, {first:.4}, after {:.1?}", start.elapsed());
    let x = tg::Tensor::ones();
    let mut y = one(&ahead, &x)?;
    let [graph, kernels] = beside(|| net(&fresh()).realize(), || Ok(one_into(&ahead, &x, &mut y)?))?;
    println!("batch  1: {graph:6.2} us a call that builds its graph");
    println!("batch  1: {:6.2} us of these until its kernels are launched, at most", graph - kernels);
    let (jitted, x) = (tg::lazy::jit(|x: Tensor| net(&x)), fresh());
    let traced = per_call(&Device::Cpu, || jitted.call(&x).map(drop))?;
    println!("batch  1: {traced:6.2} us a call of the traced function");
    Ok(())
}

/// Microseconds of a call of lazy tensors, and of the tensor function that runs the same kernels, and does little else: the
/// medians of several turns, for the machine may change its speed. What the first takes beyond the second is the way to the launch of
/// the kernels, and, for some tenths of a microsecond, what comes after them.
fn beside(
    mut lazy: impl FnMut() -> tg::lazy::Result<()>,
    mut ahead: impl FnMut() -> tg::lazy::Result<()>,
) -> tg::lazy::Result<[f64; 2]> {
    let (mut graph, mut kernels) = ([0.0; TURNS], [0.0; TURNS]);
    for (graph, kernels) in graph.iter_mut().zip(&mut kernels) {
        *graph = per_call(&Device::Cpu, &mut lazy)?;
        *kernels = per_call(&Device::Cpu, &mut ahead)?;
    }
    Ok([graph, kernels].map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let device = match std::env::args().skip(1).collect::<Vec<_>>().join(" ").as_str() {
        "" | "--device cpu" => Device::Cpu,
        "--device cuda" => Device::cuda(0)?,
        "--lazy" => return lazy(start),
        other => return Err(format!("expected `--device cpu`, `--device cuda` or `--lazy`, got `{other}`").into()),
    };
    let ready = start.elapsed();
    let mut net = network();
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
