use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 0, 4>) -> Tensor<f32> {
        x.sum()
    }
}

fn main() {}
