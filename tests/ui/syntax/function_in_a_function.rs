use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        fn twice(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
            x * 2.0
        }
        twice(x)
    }
}

fn main() {}
