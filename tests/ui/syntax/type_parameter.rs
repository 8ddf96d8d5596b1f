use tg::prelude::*;

tensor_fn! {
    pub fn f<T>(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
