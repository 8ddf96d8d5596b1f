use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4, 6>) -> Tensor<f32, 2, 6> {
        x[3..5]
    }
}

fn main() {}
