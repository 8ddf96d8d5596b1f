//! Convolutions in tg: alone, and the network of four with its train step by Adam.

use std::cell::RefCell;
use std::rc::Rc;

use tg::prelude::*;

use super::{Built, filled, moved, one};
use crate::inputs::{self, ADAM_RATE, BATCH};
use crate::job::job;

tensor_fn! {
    pub fn conv_3x3(x: Tensor<f32, 1, 64, 56, 56>, w: Tensor<f32, 64, 64, 3, 3>, b: Tensor<f32, 64>)
        -> Tensor<f32, 1, 64, 56, 56> {
        x.conv2d(w, b, 1, 1)
    }

    pub fn conv_3x3_winograd(x: Tensor<f32, 1, 64, 56, 56>, w: Tensor<f32, 64, 64, 3, 3>, b: Tensor<f32, 64>)
        -> Tensor<f32, 1, 64, 56, 56> {
        x.conv2d_winograd(w, b, 1)
    }

    pub fn conv_7x7(x: Tensor<f32, 8, 3, 224, 224>, w: Tensor<f32, 64, 3, 7, 7>, b: Tensor<f32, 64>)
        -> Tensor<f32, 8, 64, 112, 112> {
        x.conv2d(w, b, 2, 3)
    }

    /// The parameters, in the order of `inputs::CONVNET`.
    #[derive(Clone)]
    pub struct ConvNet {
        w1: Tensor<f32, 32, 1, 5, 5>, b1: Tensor<f32, 32>,
        w2: Tensor<f32, 32, 32, 5, 5>, b2: Tensor<f32, 32>,
        scale1: Tensor<f32, 32>, shift1: Tensor<f32, 32>,
        w3: Tensor<f32, 64, 32, 3, 3>, b3: Tensor<f32, 64>,
        w4: Tensor<f32, 64, 64, 3, 3>, b4: Tensor<f32, 64>,
        scale2: Tensor<f32, 64>, shift2: Tensor<f32, 64>,
        w5: Tensor<f32, 576, 10>, b5: Tensor<f32, 10>,
    }

    /// What inference normalizes with, in the order of `inputs::STATISTICS`.
    pub struct Statistics {
        mean1: Tensor<f32, 32>, variance1: Tensor<f32, 32>,
        mean2: Tensor<f32, 64>, variance2: Tensor<f32, 64>,
    }

    /// State of the optimizer.
    pub struct Adam { mean: ConvNet, square: ConvNet, steps: Tensor<f32> }

    /// A convolution, with fewer multiplications if `WINOGRAD`.
    fn conv<const WINOGRAD: bool>(x: _, w: _, b: _) -> _ {
        if WINOGRAD { x.conv2d_winograd(w, b) } else { x.conv2d(w, b) }
    }

    impl ConvNet {
        fn first<const WINOGRAD: bool>(&self, x: Tensor<f32, 128, 1, 28, 28>) -> Tensor<f32, 128, 32, 20, 20> {
            conv::<WINOGRAD>(x.conv2d(self.w1, self.b1).relu(), self.w2, self.b2).relu()
        }

        fn second<const WINOGRAD: bool>(&self, x: Tensor<f32, 128, 32, 10, 10>) -> Tensor<f32, 128, 64, 6, 6> {
            conv::<WINOGRAD>(conv::<WINOGRAD>(x, self.w3, self.b3).relu(), self.w4, self.b4).relu()
        }

        fn scores(&self, x: Tensor<f32, 128, 64, 3, 3>) -> Tensor<f32, 128, 10> {
            x.flatten_from(1).matmul(self.w5) + self.b5
        }

        /// Class scores, normalized with given statistics.
        pub fn infer(&self, seen: Statistics, x: Tensor<f32, 128, 1, 28, 28>) -> Tensor<f32, 128, 10> {
            self.normalized::<false>(seen, x)
        }

        pub fn infer_winograd(&self, seen: Statistics, x: Tensor<f32, 128, 1, 28, 28>) -> Tensor<f32, 128, 10> {
            self.normalized::<true>(seen, x)
        }

        fn normalized<const WINOGRAD: bool>(&self, seen: Statistics, x: Tensor<f32, 128, 1, 28, 28>)
            -> Tensor<f32, 128, 10> {
            let x = self.first::<WINOGRAD>(x);
            let x = x.batchnorm_with(seen.mean1, seen.variance1, self.scale1, self.shift1).max_pool2d(2);
            let x = self.second::<WINOGRAD>(x);
            let x = x.batchnorm_with(seen.mean2, seen.variance2, self.scale2, self.shift2).max_pool2d(2);
            self.scores(x)
        }

        /// Class scores, normalized with the statistics of the batch.
        fn in_training<const WINOGRAD: bool>(&self, x: Tensor<f32, 128, 1, 28, 28>) -> Tensor<f32, 128, 10> {
            let x = self.first::<WINOGRAD>(x).batchnorm(self.scale1, self.shift1).max_pool2d(2);
            let x = self.second::<WINOGRAD>(x).batchnorm(self.scale2, self.shift2).max_pool2d(2);
            self.scores(x)
        }
    }

    /// One step of Adam.
    pub fn convnet_step(
        net: &mut ConvNet, adam: &mut Adam, x: Tensor<f32, 128, 1, 28, 28>, y: Tensor<u32, 128>, lr: f32,
    ) -> Tensor<f32> {
        stepped::<false>(net, adam, x, y, lr)
    }

    pub fn convnet_step_winograd(
        net: &mut ConvNet, adam: &mut Adam, x: Tensor<f32, 128, 1, 28, 28>, y: Tensor<u32, 128>, lr: f32,
    ) -> Tensor<f32> {
        stepped::<true>(net, adam, x, y, lr)
    }

    fn stepped<const WINOGRAD: bool>(
        net: &mut ConvNet, adam: &mut Adam, x: Tensor<f32, 128, 1, 28, 28>, y: Tensor<u32, 128>, lr: f32,
    ) -> Tensor<f32> {
        // The constants of `inputs`.
        let (betas, eps) = ((0.9, 0.999), 1.0 / 16.0);
        let loss = net.in_training::<WINOGRAD>(x).cross_entropy(y);
        let step = optim::adam(&mut adam.mean, &mut adam.square, &mut adam.steps, loss.grad(net), betas, eps);
        *net -= lr * step;
        loss
    }
}

/// The 3 × 3 convolution of one image.
pub fn conv_small(winograd: bool) -> Built {
    let [x, w, b] = inputs::CONV_3X3.arrays();
    let (x, w, b) = (Tensor::from_vec(x)?, Tensor::from_vec(w)?, Tensor::from_vec(b)?);
    Ok(one(move || if winograd { conv_3x3_winograd(&x, &w, &b) } else { conv_3x3(&x, &w, &b) }))
}

/// The strided 7 × 7 convolution of eight images.
pub fn conv_large() -> Built {
    let [x, w, b] = inputs::CONV_7X7.arrays();
    let (x, w, b) = (Tensor::from_vec(x)?, Tensor::from_vec(w)?, Tensor::from_vec(b)?);
    Ok(one(move || conv_7x7(&x, &w, &b)))
}

/// The forward pass of the convolutional network.
pub fn forward(winograd: bool) -> Built {
    let net = filled(ConvNet::zeros(), &inputs::arrays(inputs::CONVNET))?;
    let seen = filled(Statistics::zeros(), &inputs::arrays(inputs::STATISTICS))?;
    let x = Tensor::from_vec(inputs::digits(BATCH))?;
    Ok(one(move || if winograd { net.infer_winograd(&seen, &x) } else { net.infer(&seen, &x) }))
}

/// Its train step.
pub fn train(winograd: bool) -> Built {
    let start = inputs::arrays(inputs::CONVNET);
    let (x, y) = (Tensor::from_vec(inputs::digits(BATCH))?, Tensor::from_vec(inputs::classes(BATCH))?);
    let net = Rc::new(RefCell::new(filled(ConvNet::zeros(), &start)?));
    let (trained, mut adam) = (Rc::clone(&net), Adam::zeros());
    let step = move || {
        let net = &mut net.borrow_mut();
        let step = if winograd { convnet_step_winograd } else { convnet_step };
        step(net, &mut adam, &x, &y, ADAM_RATE)
    };
    Ok(job(step, move |loss: &Tensor<f32>| {
        Ok([vec![loss.item()]].into_iter().chain(moved(&*trained.borrow(), &start)).collect())
    }))
}
