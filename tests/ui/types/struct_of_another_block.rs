use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Vec<f32>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
