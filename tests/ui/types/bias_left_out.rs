use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 1, 1, 9, 9>, w: Tensor<f32, 16, 1, 3, 3>) -> Tensor<f32, 1, 16, 4, 4> {
        x.conv2d(w, 2)
    }
}

fn main() {}
