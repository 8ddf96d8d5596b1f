use tg::prelude::*;

tensor_fn! {
    pub fn even(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        odd(x - 1.0)
    }

    fn odd(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        even(x - 1.0)
    }
}

fn main() {}
