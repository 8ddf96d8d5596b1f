use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 32, 10>, b: Tensor<f32, 32>) -> Tensor<f32, 32, 10> {
        x + b
    }
}

fn main() {}
