use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<u8, 4>) -> Tensor<f32, 4> {
        x as f32
    }
}

fn main() {}
