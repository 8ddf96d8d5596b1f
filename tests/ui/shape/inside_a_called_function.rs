use tg::prelude::*;

tensor_fn! {
    fn mix<N: Dim>(x: Tensor<f32, N, 3>) -> Tensor<f32, N, 3> {
        x.matmul(x)
    }

    pub fn f(x: Tensor<f32, 3, 3>) -> Tensor<f32, 3, 3> {
        mix(x)
    }
}

fn main() {}
