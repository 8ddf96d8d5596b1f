use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        |t: Tensor<f32, 4>| t * 2.0
    }
}

fn main() {}
