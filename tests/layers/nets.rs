//! Layers inside of structs: training with their buffers, optimizers, generic structs, names in files.

use tg::prelude::*;

tensor_fn! {
    /// A block with constants of its own.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Block<const C: usize, const WIDE: usize = 8> {
        up: nn::Linear<C, WIDE>,
        norm: nn::BatchNorm<WIDE>,
        down: nn::LinearNoBias<WIDE, C>,
    }

    impl<const C: usize, const WIDE: usize> Block<C, WIDE> {
        fn train<N: Dim>(&mut self, x: Tensor<f32, N, C>) -> Tensor<f32, N, C> {
            x + self.down.forward(self.norm.train(self.up.forward(x)).relu())
        }

        fn forward<N: Dim>(&self, x: Tensor<f32, N, C>) -> Tensor<f32, N, C> {
            x + self.down.forward(self.norm.forward(self.up.forward(x)).relu())
        }
    }

    #[derive(Clone, Debug, PartialEq)]
    pub struct Net { first: Block<4>, second: Block<4, 6>, head: nn::Linear<4, 2> }

    pub struct Adam { mean: Net, square: Net, steps: Tensor<f32> }

    impl Net {
        pub fn scores<N: Dim>(&self, x: Tensor<f32, N, 4>) -> Tensor<f32, N, 2> {
            self.head.forward(self.second.forward(self.first.forward(x)))
        }
    }

    pub fn step(net: &mut Net, adam: &mut Adam, x: Tensor<f32, 16, 4>, y: Tensor<u8, 16>, lr: f32) -> Tensor<f32> {
        let x = net.second.train(net.first.train(x));
        let loss = net.head.forward(x).cross_entropy(y);
        let step = optim::adam(&mut adam.mean, &mut adam.square, &mut adam.steps, loss.grad(net), (0.9, 0.999), 1e-8);
        // Decay of weights must not reach what is not learned.
        *net -= lr * (step + 0.01 * net);
        loss
    }

    pub fn one_layer(layer: &mut nn::Linear<4, 2>, x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 2> {
        let y = layer.forward(x);
        *layer -= 0.1 * y.square().sum().grad(layer);
        y
    }

    pub fn convolved(layer: nn::Conv2d<64, 64, 3, 1, 1>, x: Tensor<f32, 1, 64, 16, 16>) -> Tensor<f32, 1, 64, 16, 16> {
        layer.forward(x)
    }

    pub fn convolved_winograd(layer: nn::Conv2d<64, 64, 3, 1, 1>, x: Tensor<f32, 1, 64, 16, 16>) -> Tensor<f32, 1, 64, 16, 16> {
        layer.forward_winograd(x)
    }

    pub fn doubled(layer: nn::BatchNorm<2>) -> (nn::BatchNorm<2>, nn::BatchNorm<2>, Tensor<f32>) {
        (2.0 * layer, -layer, layer.fold(0.0, |sum, part| sum + part.sum()))
    }
}

impl Block<4> {
    fn init(seed: u64) -> Self {
        Block { up: nn::Linear::init(seed), norm: nn::BatchNorm::init(), down: nn::LinearNoBias::init(seed + 1) }
    }
}

fn net() -> Net {
    let second = Block { up: nn::Linear::init(3), norm: nn::BatchNorm::init(), down: nn::LinearNoBias::init(4) };
    Net { first: Block::init(1), second, head: nn::Linear::init(5) }
}

#[test]
fn a_net_of_layers_learns_and_its_statistics_follow() {
    let (mut net, mut adam) = (net(), Adam::zeros());
    let x: Tensor![f32, 16, 4] = Tensor::randn(6);
    let y = Tensor::from_vec(x.as_slice().chunks(4).map(|row| u8::from(row[0] * row[1] > 0.0)).collect()).unwrap();
    let first = step(&mut net, &mut adam, &x, &y, 0.02).unwrap().item();
    let mut last = first;
    for _ in 0..200 {
        last = step(&mut net, &mut adam, &x, &y, 0.02).unwrap().item();
    }
    assert!(last < 0.2 * first, "{first} to {last}");
    assert_eq!(net.first.norm.num_batches_tracked.item(), 201);
    // State of the optimizer is like the net, but its buffers stay as they began.
    assert_eq!(adam.mean.first.norm.running_var, Tensor::zeros());
    assert_ne!(adam.mean.first.norm.weight, Tensor::zeros());
    let scores = net.scores(&x.into_reshaped::<(Dyn, Const<4>)>().unwrap()).unwrap();
    let right = scores.as_slice().chunks(2).zip(y.as_slice()).filter(|(s, y)| u8::from(s[1] > s[0]) == **y);
    assert!(right.count() >= 14);
}

#[test]
fn arithmetic_leaves_buffers_alone() {
    let layer = nn::BatchNorm::<2>::init();
    let (double, minus, sum) = doubled(&layer).unwrap();
    assert_eq!((double.weight.as_slice(), double.running_var.as_slice()), (&[2.0; 2][..], &[1.0; 2][..]));
    assert_eq!((minus.weight.as_slice(), minus.running_var.as_slice()), (&[-1.0; 2][..], &[1.0; 2][..]));
    assert_eq!(sum.item(), 2.0);
}

#[test]
fn a_layer_is_an_argument_by_itself() {
    let mut layer = nn::Linear::<4, 2>::init(1);
    let (before, x) = (layer.clone(), Tensor::randn(2));
    let first = one_layer(&mut layer, &x).unwrap();
    assert_ne!(layer, before);
    assert_ne!(one_layer(&mut layer, &x).unwrap(), first);
}

#[test]
fn names_in_files_are_those_of_pytorch() {
    let mut names = Vec::new();
    net().first.visit("first", &mut |name, _| names.push(name.to_owned()));
    assert_eq!(
        names,
        [
            "first.up.weight",
            "first.up.bias",
            "first.norm.weight",
            "first.norm.bias",
            "first.norm.running_mean",
            "first.norm.running_var",
            "first.norm.num_batches_tracked",
            "first.down.weight",
        ]
    );
}

#[test]
fn convolutions_transform_their_factors_where_they_are_asked_to() {
    const { assert!(CONVOLVED.kernels == 1 && CONVOLVED_WINOGRAD.kernels > 1) };
    let (layer, x) = (nn::Conv2d::init(1), Tensor::uniform(-1.0, 1.0, 2));
    let (plain, fast) = (convolved(&layer, &x).unwrap(), convolved_winograd(&layer, &x).unwrap());
    assert!(plain.as_slice().iter().zip(fast.as_slice()).all(|(a, b)| (a - b).abs() < 1e-4));
}
