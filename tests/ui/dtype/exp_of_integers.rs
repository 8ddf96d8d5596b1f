use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<i32, 4>) -> Tensor<f32, 4> {
        x.exp()
    }
}

fn main() {}
