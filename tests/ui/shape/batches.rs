use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 2, 4, 6>, y: Tensor<f32, 3, 6, 5>) -> Tensor<f32, 2, 4, 5> {
        x.matmul(y)
    }
}

fn main() {}
