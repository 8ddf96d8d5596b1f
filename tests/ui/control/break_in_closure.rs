use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let mut y = x;
        for i in 0..4 {
            let step = |t| if i == 2 { break } else { t * 2.0 };
            y = step(y);
        }
        y
    }
}

fn main() {}
