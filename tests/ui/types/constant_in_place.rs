use tg::prelude::*;

tensor_fn! {
    fn step(#[constant] w: &mut Tensor<f32, 8, 4>, x: Tensor<f32, 2, 8>) -> Tensor<f32, 2, 4> {
        x.matmul(w)
    }
}

fn main() {}
