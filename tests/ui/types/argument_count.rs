use tg::prelude::*;

tensor_fn! {
    fn add(x: Tensor<f32, 4>, y: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x + y
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        add(x)
    }
}

fn main() {}
