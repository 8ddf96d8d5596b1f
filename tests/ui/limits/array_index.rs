use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let scales = [1.0, 2.0];
        x * scales[2]
    }
}

fn main() {}
