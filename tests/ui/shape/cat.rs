use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 4>) -> Tensor<f32, 4, 3> {
        cat([x, y], 0)
    }
}

fn main() {}
