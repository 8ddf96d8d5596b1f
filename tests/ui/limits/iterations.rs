use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let mut y = x;
        for _ in 0..1000000 {
            y += 1.0;
        }
        y
    }
}

fn main() {}
