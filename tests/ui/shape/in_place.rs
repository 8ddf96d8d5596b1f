use tg::prelude::*;

tensor_fn! {
    pub fn f(x: &mut Tensor<f32, 4>, y: Tensor<f32, 2, 4>) {
        *x = y;
    }
}

fn main() {}
