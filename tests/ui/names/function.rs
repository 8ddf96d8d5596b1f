use tg::prelude::*;

tensor_fn! {
    fn activate(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.relu()
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        activat(x)
    }
}

fn main() {}
