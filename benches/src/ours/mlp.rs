//! The perceptron in tg, and its train step.

use std::cell::RefCell;
use std::rc::Rc;

use tg::prelude::*;

use super::{Built, filled, moved, one};
use crate::inputs::{self, RATE};
use crate::job::job;

tensor_fn! {
    /// A perceptron of 784, 128 and 10 units.
    #[derive(Clone)]
    pub struct Net {
        w1: Tensor<f32, 784, 128>,
        b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,
        b2: Tensor<f32, 10>,
    }

    impl Net {
        /// Scores of a batch.
        pub fn logits<N: Dim>(&self, x: Tensor<f32, N, 784>) -> Tensor<f32, N, 10> {
            (x.matmul(self.w1) + self.b1).relu().matmul(self.w2) + self.b2
        }

        /// Scores of one input.
        pub fn logits_1(&self, x: Tensor<f32, 1, 784>) -> Tensor<f32, 1, 10> {
            self.logits(x)
        }

        /// Scores of 32 inputs.
        pub fn logits_32(&self, x: Tensor<f32, 32, 784>) -> Tensor<f32, 32, 10> {
            self.logits(x)
        }
    }

    /// One step of gradient descent.
    pub fn train_step(net: &mut Net, x: Tensor<f32, 128, 784>, y: Tensor<u32, 128>, lr: f32) -> Tensor<f32> {
        let loss = net.logits(x).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }
}

/// The forward pass for `batch` inputs.
pub fn forward(batch: usize) -> Built {
    let from = inputs::Mlp::new(batch);
    let net = filled(Net::zeros(), &from.parameters)?;
    match batch {
        1 => {
            let x = Tensor::from_slice(&from.x)?;
            Ok(one(move || net.logits_1(&x)))
        }
        32 => {
            let x = Tensor::from_slice(&from.x)?;
            Ok(one(move || net.logits_32(&x)))
        }
        _ => {
            let x = Tensor::<f32, (Dyn, Const<784>)>::from_slice(&from.x)?;
            Ok(one(move || net.logits(&x)))
        }
    }
}

/// The train step.
pub fn train() -> Built {
    let start = inputs::Mlp::new(inputs::TRAIN_BATCH);
    let (x, y) = (Tensor::from_slice(&start.x)?, Tensor::from_slice(&start.y)?);
    let net = Rc::new(RefCell::new(filled(Net::zeros(), &start.parameters)?));
    let trained = Rc::clone(&net);
    let step = move || train_step(&mut net.borrow_mut(), &x, &y, RATE);
    Ok(job(step, move |loss: &Tensor<f32>| {
        Ok([vec![loss.item()]].into_iter().chain(moved(&*trained.borrow(), &start.parameters)).collect())
    }))
}
