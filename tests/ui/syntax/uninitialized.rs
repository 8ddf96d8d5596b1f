use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let y;
        y = x;
        y
    }
}

fn main() {}
