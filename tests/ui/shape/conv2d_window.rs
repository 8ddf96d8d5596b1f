use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 8, 3, 8, 8>, w: Tensor<f32, 16, 3, 5, 5>) -> Tensor<f32, 8, 16, 1, 1> {
        x.max_pool2d(2).conv2d(w)
    }
}

fn main() {}
