use tg::prelude::*;

tensor_fn! {
    fn add<N: Dim>(x: Tensor<f32, N>, y: Tensor<f32, N>) -> Tensor<f32, N> {
        x + y
    }

    pub fn f(x: Tensor<f32, 4>, y: Tensor<f32, 5>) -> Tensor<f32, 4> {
        add(x, y)
    }
}

fn main() {}
