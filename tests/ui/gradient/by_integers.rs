use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>, n: Tensor<i32, 4>) -> Tensor<i32, 4> {
        (x * n.cast::<f32>()).sum().grad(n)
    }
}

fn main() {}
