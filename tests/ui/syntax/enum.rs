use tg::prelude::*;

tensor_fn! {
    enum Mode {
        Train,
        Test,
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x
    }
}

fn main() {}
