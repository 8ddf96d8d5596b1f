use tg::prelude::*;

tensor_fn! {
    fn rows<const N: usize>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        x * 2.0
    }

    pub fn f<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        rows(x)
    }
}

fn main() {}
