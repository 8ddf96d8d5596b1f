//! The smallest use of a compiled network: how long is it from the start of a process to its first result?
//!
//! `cargo build --release --example inference && time target/release/examples/inference`

use tg::prelude::*;

tensor_fn! {
    /// A perceptron for images of 28 × 28 pixels.
    pub struct Mlp {
        w1: Tensor<f32, 784, 128>,
        b1: Tensor<f32, 128>,
        w2: Tensor<f32, 128, 10>,
        b2: Tensor<f32, 10>,
    }

    impl Mlp {
        /// Scores of the ten digits.
        pub fn logits<N: Dim>(&self, x: Tensor<u8, N, 784>) -> Tensor<f32, N, 10> {
            let h = ((x.cast::<f32>() / 255.0).matmul(self.w1) + self.b1).relu();
            h.matmul(self.w2) + self.b2
        }
    }
}

fn main() -> tg::Result<()> {
    let net = Mlp { w1: Tensor::full(0.01), b1: Tensor::zeros(), w2: Tensor::full(0.1), b2: Tensor::zeros() };
    let x = Tensor::<u8, (Dyn, Const<784>)>::from_slice(&[128; 784])?;
    println!("{}", net.logits(&x)?);
    Ok(())
}
