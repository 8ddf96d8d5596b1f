use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim<64, 1>>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        x
    }
}

fn main() {}
