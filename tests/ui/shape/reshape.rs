use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4, 6>) -> Tensor<f32, 5, 5> {
        x.reshape([5, 5])
    }
}

fn main() {}
