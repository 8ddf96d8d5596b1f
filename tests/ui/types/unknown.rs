use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Matrix<f32, 4>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
