use tg::prelude::*;

tensor_fn! {
    pub fn f(weights: Tensor<f32, 4>) -> Tensor<f32, 4> {
        wieghts * 2.0
    }
}

fn main() {}
