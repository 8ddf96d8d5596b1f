//! Layers: a convolutional network with batch normalization, trained by Adam on handwritten digits.
//!
//! `cargo run --release --example convnet`

use std::{error::Error, path::Path};

use tg::prelude::*;

tensor_fn! {
    /// A convolution, normalized; then every second pixel.
    #[derive(Clone)]
    pub struct Stage<const I: usize, const O: usize, const K: usize> {
        conv: nn::Conv2dNoBias<I, O, K>,
        norm: nn::BatchNorm<O>,
    }

    impl<const I: usize, const O: usize, const K: usize> Stage<I, O, K> {
        fn forward<const TRAIN: bool, N: Dim, H: Dim, W: Dim>(&mut self, x: Tensor<f32, N, I, H, W>) -> _ {
            let x = self.conv.forward(x);
            let x = if TRAIN { self.norm.train(x) } else { self.norm.forward(x) };
            x.relu().max_pool2d(2)
        }
    }

    /// Two stages, and a score for each digit.
    #[derive(Clone)]
    pub struct Net {
        first: Stage<1, 16, 5>,
        second: Stage<16, 32, 3>,
        head: nn::Linear<800, 10>,
    }

    /// The state of the optimizer.
    pub struct Adam { mean: Net, square: Net, steps: Tensor<f32> }

    impl Net {
        fn scores<const TRAIN: bool, N: Dim>(&mut self, images: Tensor<u8, N, 28, 28>) -> Tensor<f32, N, 10> {
            let x = images.cast::<f32>().unsqueeze(1) / 255.0;
            let x = self.second.forward::<TRAIN>(self.first.forward::<TRAIN>(x));
            self.head.forward(x.flatten_from(1))
        }

        /// The digit with the highest score.
        pub fn classify<N: Dim>(&self, images: Tensor<u8, N, 28, 28>) -> Tensor<i64, N> {
            let mut net = self;
            net.scores::<false>(images).argmax(-1)
        }
    }

    /// One step of Adam on a batch; gives the loss before it.
    pub fn train_step(net: &mut Net, adam: &mut Adam, x: Tensor<u8, 100, 28, 28>, y: Tensor<u8, 100>, lr: f32)
        -> Tensor<f32> {
        let loss = net.scores::<true>(x).cross_entropy(y);
        let slope = loss.grad(net);
        *net -= lr * optim::adam(&mut adam.mean, &mut adam.square, &mut adam.steps, slope, (0.9, 0.999), 1e-8);
        loss
    }
}

impl<const I: usize, const O: usize, const K: usize> Stage<I, O, K> {
    fn init(seed: u64) -> Self {
        Stage { conv: nn::Conv2dNoBias::init(seed), norm: nn::BatchNorm::init() }
    }
}

const EPOCHS: usize = 8;
type Images = Tensor![u8, _, 28, 28];

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let read = |name: &str| -> tg::Result<(Images, Tensor![u8, _])> {
        let images = Images::read_idx(data.join(format!("{name}-images-idx3-ubyte.gz")))?;
        Ok((images, Tensor::read_idx(data.join(format!("{name}-labels-idx1-ubyte.gz")))?))
    };
    let ((images, labels), (test_images, test_labels)) = (read("train")?, read("test")?);
    let mut net = Net { first: Stage::init(1), second: Stage::init(2), head: nn::Linear::init(3) };
    let mut adam = Adam::zeros();

    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut rng = fastrand::Rng::with_seed(7);
    for epoch in 1..=EPOCHS {
        rng.shuffle(&mut order);
        let (mut loss, lr) = (0.0, 0.004 * (1.0 - epoch as f32 / (EPOCHS + 1) as f32));
        for rows in order.chunks_exact(100) {
            let (x, y) = (images.select_rows(rows.iter().copied())?, labels.select_rows(rows.iter().copied())?);
            loss += train_step(&mut net, &mut adam, &x, &y, lr)?.item() / (order.len() / 100) as f32;
        }
        println!("epoch {epoch}: loss {loss:.4}");
    }

    let file = std::env::temp_dir().join("convnet.safetensors");
    net.save(&file)?;
    let mut net = Net::zeros();
    net.load(&file)?;
    let found = net.classify(&test_images)?;
    let right = found.as_slice().iter().zip(test_labels.as_slice()).filter(|(f, l)| **f == i64::from(**l)).count();
    println!("{:.2} % of {} test digits are right", 100.0 * right as f64 / found.len() as f64, found.len());
    Ok(())
}
