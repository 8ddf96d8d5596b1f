use tg::prelude::*;

tensor_fn! {
    pub async fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
