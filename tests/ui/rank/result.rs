use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4, 6>) -> Tensor<f32, 4> {
        x.softmax(-1)
    }
}

fn main() {}
