use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 8, 3, 32, 32>, w: Tensor<f32, 16, 1, 3, 3>) -> Tensor<f32, 8, 16, 32, 32> {
        x.conv2d(w, None, 1, 1).relu()
    }
}

fn main() {}
