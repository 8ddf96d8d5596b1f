use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 28, 28>, w: Tensor<f32, 16, 1, 3, 3>) -> Tensor<f32, 1, 16, 26, 26> {
        x.conv2d(w)
    }
}

fn main() {}
