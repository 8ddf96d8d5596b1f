use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>, at: Tensor<f32, 2>) -> Tensor<f32, 2> {
        x[at]
    }
}

fn main() {}
