use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>, n: i32) -> Tensor<f32, 4> {
        let mut y = x;
        for _ in 0..n {
            y = y * 2.0;
        }
        y
    }
}

fn main() {}
