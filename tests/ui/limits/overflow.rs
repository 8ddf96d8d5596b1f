use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32> {
        x.sum() * (9223372036854775807 + 1)
    }
}

fn main() {}
