use tg::prelude::*;

tensor_fn! {
    pub fn f(x: &mut Tensor<f32, 4>) {
        x[0] = 1.0;
    }
}

fn main() {}
