use tg::prelude::*;

tensor_fn! {
    fn scaled(x: Tensor<f32, 8>, #[constant] by: f32) -> Tensor<f32, 8> {
        x * by
    }
}

fn main() {}
