use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 1, 2, 3, 4, 5, 6, 7>) -> Tensor<f32> {
        x.sum()
    }
}

fn main() {}
