use tg::prelude::*;

tensor_fn! {
    fn scores(fc: nn::Linear<784, 10>, x: Tensor<u8, 32, 784>) -> Tensor<f32, 32, 10> {
        fc.forward(x)
    }
}

fn main() {}
