//! Trains a small network on real handwritten digits, then uses it: the tutorial.
//!
//! `cargo run --release --example mnist`, or on a GPU `cargo run --release --features cuda --example mnist -- --device cuda`

use std::{error::Error, path::Path, time::Instant};

use tg::prelude::*;

tensor_fn! {
    /// A perceptron with one hidden layer, for images of 28 × 28 pixels.
    #[derive(Clone)]
    pub struct Mlp {
        w1: Tensor<f32, 784, 128>,
        b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,
        b2: Tensor<f32, 10>,
    }

    impl Mlp {
        /// Scores of the ten digits for a batch of flattened images.
        pub fn logits<N: Dim>(&self, x: Tensor<u8, N, 784>) -> Tensor<f32, N, 10> {
            let x = x.cast::<f32>() / 255.0;
            let h = (x.matmul(self.w1) + self.b1).relu();
            h.matmul(self.w2) + self.b2
        }

        /// The digit with the highest score.
        pub fn classify<N: Dim>(&self, x: Tensor<u8, N, 784>) -> Tensor<i64, N> {
            self.logits(x).argmax(-1)
        }
    }

    /// One step of gradient descent on a batch; gives the loss before it.
    pub fn train_step(net: &mut Mlp, x: Tensor<u8, 128, 784>, y: Tensor<u8, 128>, lr: f32) -> Tensor<f32> {
        let loss = net.logits(x).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }
}

const EPOCHS: usize = 24;
const BATCH: usize = 128;
type Images = Tensor![u8, _, 28, 28];

/// A batch of images, moved by up to one pixel, so that no two epochs are the same.
fn shifted(images: &Images, rows: &[usize], rng: &mut fastrand::Rng) -> tg::Result<Tensor![u8, 128, 784]> {
    let (down, right) = (rng.usize(..3), rng.usize(..3));
    let mut batch = vec![0; BATCH * 784];
    for (row, moved) in rows.iter().zip(batch.chunks_mut(784)) {
        let image = &images.as_slice()[row * 784..][..784];
        (1..27).for_each(|y| moved[(y + down - 1) * 28 + right..][..26].copy_from_slice(&image[y * 28 + 1..][..26]));
    }
    Tensor::from_vec(batch)
}

/// The device that the arguments name: `--device cpu`, which is the default, or `--device cuda`.
fn device() -> Result<Device, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["--device", "cpu"] => Ok(Device::Cpu),
        ["--device", "cuda"] => Ok(Device::cuda(0)?),
        _ => Err(format!("expected `--device cpu` or `--device cuda`, got `{}`", arguments.join(" ")).into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = device()?;
    println!("on {device}");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let read = |name: &str| -> tg::Result<(Images, Tensor![u8, _])> {
        let images = Images::read_idx(data.join(format!("{name}-images-idx3-ubyte.gz")))?;
        Ok((images, Tensor::read_idx(data.join(format!("{name}-labels-idx1-ubyte.gz")))?))
    };
    let ((images, labels), (test_images, test_labels)) = (read("train")?, read("test")?);
    let scale = |inputs: f64| (6.0 / inputs).sqrt();
    let mut net = Mlp::zeros();
    net.w1 = Tensor::uniform(-scale(784.0), scale(784.0), 1);
    net.w2 = Tensor::uniform(-scale(128.0), scale(128.0), 2);
    net.move_to(&device)?;

    let mut rng = fastrand::Rng::with_seed(7);
    let mut order: Vec<usize> = (0..images.dims()[0]).collect();
    let (batches, start) = (order.len() / BATCH, Instant::now());
    for epoch in 0..EPOCHS {
        rng.shuffle(&mut order);
        let mut losses = Vec::new();
        for (batch, rows) in order.chunks_exact(BATCH).enumerate() {
            let x = shifted(&images, rows, &mut rng)?.into_device(&device)?;
            let y = labels.select_rows(rows.iter().copied())?.into_device(&device)?;
            let left = 1.0 - (epoch * batches + batch) as f32 / (EPOCHS * batches) as f32;
            losses.push(train_step(&mut net, &x, &y, 0.2 * left)?);
        }
        // A GPU is still at work here; reading a loss waits for it.
        let loss = losses.iter().map(Tensor::item).sum::<f32>() / batches as f32;
        let speed = ((epoch + 1) * batches * BATCH) as f64 / start.elapsed().as_secs_f64() / 1e3;
        eprint!("\r[{:24}] loss {loss:.4}, {speed:.0} thousand digits/s ", "=".repeat(epoch + 1));
    }
    println!("\ntrained in {:.2} s", start.elapsed().as_secs_f64());

    let file = std::env::temp_dir().join("mnist.safetensors");
    net.save(&file)?;
    let mut net = Mlp::zeros();
    net.move_to(&device)?;
    net.load(&file)?;
    let pixels = test_images.into_reshaped::<(Dyn, Const<784>)>()?.into_device(&device)?;
    let found = net.classify(&pixels)?;
    let right = found.as_slice().iter().zip(test_labels.as_slice()).filter(|(f, l)| **f == i64::from(**l)).count();
    println!("{:.2} % of {} test digits are right", 100.0 * right as f64 / found.len() as f64, found.len());
    for (digit, image) in pixels.as_slice().chunks(784).take(3).enumerate() {
        let line = |row: &[u8]| row.iter().map(|p| b" .:*#"[*p as usize / 52] as char).collect::<String>();
        image.chunks(28).step_by(2).for_each(|row| println!("{}", line(row)));
        println!("this is a {}, found {}", test_labels.as_slice()[digit], found.as_slice()[digit]);
    }
    Ok(())
}
