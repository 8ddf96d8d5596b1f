use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        if x.sum() > 0.0 { x } else { -x }
    }
}

fn main() {}
