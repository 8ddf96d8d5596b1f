use tg::prelude::*;

tensor_fn! {
    fn small<N: Dim<1, 64>>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        x * 2.0
    }

    pub fn f(x: Tensor<f32, 100>) -> Tensor<f32, 100> {
        small(x)
    }
}

fn main() {}
