use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let a = x.rleu();
        let b = y + 1.0;
        a + b
    }
}

fn main() {}
