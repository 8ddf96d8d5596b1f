use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let mut y = x;
        while true {
            y += 1.0;
        }
        y
    }
}

fn main() {}
