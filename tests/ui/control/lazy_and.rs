use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<bool, 4> {
        x > 0.0 && x < 1.0
    }
}

fn main() {}
