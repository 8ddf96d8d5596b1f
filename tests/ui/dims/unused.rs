use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim>(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
