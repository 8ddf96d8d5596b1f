use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 32, 784>, w: Tensor<f32, 128, 10>) -> Tensor<f32, 32, 10> {
        x.matmul(w).relu()
    }
}

fn main() {}
