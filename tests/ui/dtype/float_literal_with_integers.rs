use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<i32, 4>) -> Tensor<i32, 4> {
        x * 0.5
    }
}

fn main() {}
