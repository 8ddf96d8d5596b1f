//! Tensor functions on a GPU against the same on the processor. Without a GPU, each test says so and passes; with
//! `TG_REQUIRE_GPU=1` it fails.
#![cfg(feature = "cuda")]

use tg::prelude::*;

tensor_fn! {
    #[derive(Clone)]
    struct Mlp {
        w1: Tensor<f32, 784, 128>, b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,  b2: Tensor<f32, 10>,
    }

    impl Mlp {
        fn logits<N: Dim>(&self, x: Tensor<u8, N, 784>) -> Tensor<f32, N, 10> {
            let x = x.cast::<f32>() / 255.0;
            let h = (x.matmul(self.w1) + self.b1).relu();
            h.matmul(self.w2) + self.b2
        }
    }

    fn train_step(net: &mut Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
        let loss = net.logits(x).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }

    fn rows<N: Dim>(x: Tensor<f32, N, 100>, by: f32) -> (Tensor<f32, N, 100>, Tensor<f32, N>) {
        (x.softmax(-1) * by, x.sum(-1))
    }

    fn counted(total: &mut f32, x: Tensor<f32, 8>, by: f32) {
        *total += by * x.sum(0);
    }

    fn drawn<N: Dim>(x: Tensor<f32, N>, seed: u64)
        -> (Tensor<u32, N>, Tensor<f32, N>, Tensor<bf16, N>, Tensor<f32, N>, Tensor<f32, N>)
    {
        let n = x.dim(0);
        let (low, high) = (-0.1, 0.3);
        (
            random_bits([n], seed),
            uniform([n], low, high, seed),
            uniform::<bf16>([n], low, high, seed),
            x.dropout(0.3, seed),
            randn([n], seed),
        )
    }

    fn no_tensors(a: f32, b: f32) -> Tensor<f32> {
        (a * b).exp()
    }
}

/// The first GPU, or the reason why the test is skipped.
fn gpu() -> Option<Device> {
    match Device::cuda(0) {
        Ok(device) => Some(device),
        Err(error) if std::env::var_os("TG_REQUIRE_GPU").is_some() => panic!("TG_REQUIRE_GPU is set, but: {error}"),
        Err(error) => {
            eprintln!("SKIPPED, nothing was tested: {error}");
            None
        }
    }
}

fn net() -> Mlp {
    let mut net = Mlp::zeros();
    net.w1 = Tensor::uniform(-0.08, 0.08, 1);
    net.w2 = Tensor::uniform(-0.2, 0.2, 2);
    net
}

fn images() -> Tensor![u8, 128, 784] {
    Tensor::from_vec((0..128 * 784).map(|i| (i * 31 % 251) as u8).collect()).expect("a batch")
}

/// Losses of the first 100 steps on real digits: on others, training may be so unstable that a rounding decides.
fn losses(device: &Device) -> tg::Result<Vec<f32>> {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let images = Tensor::<u8, (Dyn, Dyn, Dyn)>::read_idx(data.join("train-images-idx3-ubyte.gz"))?;
    let labels = Tensor::<u8, (Dyn,)>::read_idx(data.join("train-labels-idx1-ubyte.gz"))?;
    let mut net = net();
    net.move_to(device)?;
    let step = |step: usize| {
        let rows = (0..128).map(|at| (step * 128 + at) % labels.len());
        let (x, y) = (images.select_rows(rows.clone())?.to(device)?, labels.select_rows(rows)?.to(device)?);
        train_step(&mut net, &x, &y, 0.1)
    };
    let losses: Vec<_> = (0..100).map(step).collect::<tg::Result<_>>()?;
    Ok(losses.iter().map(Tensor::item).collect())
}

fn close(a: &[f32], b: &[f32], relative: f32) {
    assert_eq!(a.len(), b.len());
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= relative * b.abs().max(1e-3), "element {at}: {a} on the GPU, {b} on the processor");
    }
}

#[test]
fn training_follows_the_same_curve() {
    let Some(device) = gpu() else { return };
    let (there, here) = (losses(&device).expect("losses"), losses(&Device::Cpu).expect("losses"));
    assert!(here[99] < here[0] / 2.0);
    close(&there, &here, 1e-3);
}

#[test]
fn one_kernel_serves_every_size() {
    let Some(device) = gpu() else { return };
    for n in [1, 2, 31, 32, 33, 500, 7] {
        let x = Tensor::<f32, (Dyn, tg::Const<100>)>::randn_in((Dyn(n), tg::Const), 5).expect("memory");
        let (here, there) = (rows(&x, 3.0).expect("here"), rows(&x.to(&device).expect("memory"), 3.0).expect("there"));
        assert_eq!((there.0.device(), there.1.device()), (device, device));
        close(there.0.as_slice(), here.0.as_slice(), 1e-5);
        close(there.1.as_slice(), here.1.as_slice(), 1e-3);
    }
}

#[test]
fn results_go_into_tensors_that_are_given() {
    let Some(device) = gpu() else { return };
    let mut net = net();
    let pixels: Tensor![u8, _, 784] = images().into_shape().expect("a batch");
    let mut scores = net.logits(&pixels).expect("here");
    let here = scores.clone();
    net.move_to(&device).expect("memory");
    let there = pixels.to(&device).expect("memory");
    let error = net.logits_into(&there, &mut scores).unwrap_err().to_string();
    assert!(error.contains("argument `self.w1` is on cuda:0") && error.contains("argument `out` on cpu"), "{error}");
    assert_eq!(scores, here, "nothing has changed");
    scores = Tensor::zeros_in(scores.shape()).expect("memory").into_device(&device).expect("memory");
    net.logits_into(&there, &mut scores).expect("there");
    close(scores.as_slice(), here.as_slice(), 1e-3);
    assert!(matches!(net.logits(&pixels), Err(tg::Error::Devices { .. })));
}

#[test]
fn numbers_of_rust_are_read_and_written() {
    let Some(device) = gpu() else { return };
    let x = Tensor::<f32, (tg::Const<8>,)>::ones().to(&device).expect("memory");
    let mut total = 0.5;
    for by in [1.0, 2.0, 2.0] {
        counted(&mut total, &x, by).expect("there");
    }
    assert_eq!(total, 0.5 + 8.0 * 5.0);
}

#[test]
fn random_numbers_are_those_of_the_processor() {
    let Some(device) = gpu() else { return };
    for (n, seed) in [(1, 0), (33, 7), (100_001, u64::MAX - 5)] {
        let x = Tensor::<f32, (Dyn,)>::ones_in((Dyn(n),)).expect("memory");
        let (here, there) =
            (drawn(&x, seed).expect("here"), drawn(&x.to(&device).expect("memory"), seed).expect("there"));
        assert!(here.0 == there.0 && here.1 == there.1 && here.2 == there.2 && here.3 == there.3, "{n} of {seed}");
        // In f64 they may differ in the last place, which hardly ever shows.
        close(there.4.as_slice(), here.4.as_slice(), 2e-7);
        let differing = there.4.as_slice().iter().zip(here.4.as_slice()).filter(|(a, b)| a != b).count();
        assert!(differing <= 1, "{differing} of {n}");
    }
}

#[test]
fn without_tensors_a_function_runs_on_the_processor() {
    let result = no_tensors(0.0, 2.0).expect("a number");
    assert_eq!((result.device(), result.item()), (Device::Cpu, 1.0));
}
