use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4, 6>) -> Tensor<f32, 6, 4> {
        x.permute([1, 0, 2])
    }
}

fn main() {}
