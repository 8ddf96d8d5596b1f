use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.clamp(0.0, 1.0, 2.0)
    }
}

fn main() {}
