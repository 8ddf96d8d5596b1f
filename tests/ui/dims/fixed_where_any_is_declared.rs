use tg::prelude::*;

tensor_fn! {
    pub fn f<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        x + Tensor::ones([16])
    }
}

fn main() {}
