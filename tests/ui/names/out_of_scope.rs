use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        {
            let scaled = x * 2.0;
        }
        scaled
    }
}

fn main() {}
