use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32>) -> Tensor<f32> {
        x[0]
    }
}

fn main() {}
