use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4, 8> {
        x.expand([4, 8])
    }
}

fn main() {}
