use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4, 4>) -> Tensor<f32, 16> {
        x.view([16])
    }
}

fn main() {}
