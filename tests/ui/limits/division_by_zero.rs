use tg::prelude::*;

tensor_fn! {
    const GROUPS: usize = 0;

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x * (4 / GROUPS)
    }
}

fn main() {}
