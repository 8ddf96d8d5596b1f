use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim, M: Dim>(x: Tensor<f32, N>, y: Tensor<f32, M>) -> Tensor<f32, N> {
        x + y
    }
}

fn main() {}
