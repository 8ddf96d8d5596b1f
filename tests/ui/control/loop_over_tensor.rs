use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32> {
        let mut sum = x[0];
        for row in x {
            sum += row;
        }
        sum
    }
}

fn main() {}
