use tg::prelude::*;

tensor_fn! {
    fn scale(x: Tensor<f32, 4>, by: f32) -> Tensor<f32, 4> {
        x * by
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        scale(x, 2)
    }
}

fn main() {}
