//! The cases in tg.

use std::cell::RefCell;
use std::rc::Rc;

use tg::prelude::*;

use crate::case::{Job, job};
use crate::inputs::{self, RATE};

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

    /// A product of 256 × 256 matrices.
    pub fn product_256(a: Tensor<f32, 256, 256>, b: Tensor<f32, 256, 256>) -> Tensor<f32, 256, 256> {
        a.matmul(b)
    }

    /// A product of 512 × 512 matrices.
    pub fn product_512(a: Tensor<f32, 512, 512>, b: Tensor<f32, 512, 512>) -> Tensor<f32, 512, 512> {
        a.matmul(b)
    }

    /// The softmax of each row.
    pub fn softmax_rows(x: Tensor<f32, 4096, 1024>) -> Tensor<f32, 4096, 1024> {
        x.softmax(-1)
    }

    /// Each row normalized, scaled and moved.
    pub fn layernorm_rows(x: Tensor<f32, 4096, 1024>, weight: Tensor<f32, 1024>, bias: Tensor<f32, 1024>) -> Tensor<f32, 4096, 1024> {
        x.layernorm(1e-5) * weight + bias
    }

    /// relu(2x + 1) of 16 M elements.
    pub fn relu_elements(x: Tensor<f32, 16777216>) -> Tensor<f32, 16777216> {
        (x * 2.0 + 1.0).relu()
    }
}

type Built = tg::Result<Box<dyn Job>>;

fn one<S: tg::Shape>(call: impl FnMut() -> tg::Result<Tensor<f32, S>> + 'static) -> Box<dyn Job> {
    job(call, |out| Ok(vec![out.to_vec()]))
}

fn net(from: &inputs::Mlp) -> tg::Result<Net> {
    Ok(Net {
        w1: Tensor::from_slice(&from.w1)?,
        b1: Tensor::from_slice(&from.b1)?,
        w2: Tensor::from_slice(&from.w2)?,
        b2: Tensor::from_slice(&from.b2)?,
    })
}

pub fn mlp(batch: usize) -> Built {
    let from = inputs::Mlp::new(batch);
    let net = net(&from)?;
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

pub fn train() -> Built {
    let start = inputs::Mlp::new(inputs::TRAIN_BATCH);
    let (x, y) = (Tensor::from_slice(&start.x)?, Tensor::from_slice(&start.y)?);
    let net = Rc::new(RefCell::new(net(&start)?));
    let trained = Rc::clone(&net);
    let step = move || train_step(&mut net.borrow_mut(), &x, &y, RATE);
    Ok(job(step, move |loss: &Tensor<f32>| {
        let net = trained.borrow();
        let now = [net.w1.as_slice(), net.b1.as_slice(), net.w2.as_slice(), net.b2.as_slice()];
        let moved = now.iter().zip(start.parameters()).map(|(n, s)| n.iter().zip(s).map(|(n, s)| n - s).collect());
        Ok([vec![loss.item()]].into_iter().chain(moved).collect())
    }))
}

pub fn product(size: usize) -> Built {
    let (a, b) = inputs::factors(size);
    if size == 256 {
        let (a, b) = (Tensor::from_vec(a)?, Tensor::from_vec(b)?);
        return Ok(one(move || product_256(&a, &b)));
    }
    let (a, b) = (Tensor::from_vec(a)?, Tensor::from_vec(b)?);
    Ok(one(move || product_512(&a, &b)))
}

pub fn softmax() -> Built {
    let x = Tensor::from_vec(inputs::rows())?;
    Ok(one(move || softmax_rows(&x)))
}

pub fn layernorm() -> Built {
    let (weight, bias) = inputs::affine();
    let (x, weight, bias) = (Tensor::from_vec(inputs::rows())?, Tensor::from_vec(weight)?, Tensor::from_vec(bias)?);
    Ok(one(move || layernorm_rows(&x, &weight, &bias)))
}

pub fn relu() -> Built {
    let x = Tensor::from_vec(inputs::elements())?;
    Ok(one(move || relu_elements(&x)))
}
