use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 99999999999999999999>) -> Tensor<f32> {
        x.sum()
    }
}

fn main() {}
