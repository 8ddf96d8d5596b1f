use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let y = = x;
        y
    }

    pub fn g(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.reluu()
    }
}

fn main() {
    drop(f(&Tensor::zeros()));
}
