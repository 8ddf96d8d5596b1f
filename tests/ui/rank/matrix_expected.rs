use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 2, 4, 6>) -> Tensor<f32, 2, 6, 4> {
        x.t()
    }
}

fn main() {}
