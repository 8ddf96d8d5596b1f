use tg::prelude::*;

tensor_fn! {
    fn half(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x / 2.0
    }

    pub fn f(x: Tensor<f32, 8>) -> Tensor<f32, 4> {
        half(x)
    }
}

fn main() {}
