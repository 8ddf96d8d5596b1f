use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 32, 10>) -> Tensor<f32, 10, 32> {
        x * 2.0
    }
}

fn main() {}
