use tg::prelude::*;

tensor_fn! {
    pub fn f(scores: Tensor<f32, 32, 10>, y: Tensor<u8, 16>) -> Tensor<f32> {
        scores.cross_entropy(y)
    }
}

fn main() {}
