use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<i32, 1, 8, 12, 12>, w: Tensor<i32, 8, 8, 3, 3>) -> Tensor<i32, 1, 8, 10, 10> {
        x.conv2d_winograd(w)
    }
}

fn main() {}
