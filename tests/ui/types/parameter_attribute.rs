use tg::prelude::*;

tensor_fn! {
    fn sum(#[const_between_calls] x: Tensor<f32, 8>) -> Tensor<f32> {
        x.sum()
    }
}

fn main() {}
