use tg::prelude::*;

tensor_fn! {
    pub fn f(x: Tensor<f33, 4>) -> Tensor<f32, 4> {
        x
    }

    pub fn g(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        f(x)
    }
}

fn main() {
    let x = Tensor::from([1.0f32, 2.0, 3.0, 4.0]);
    drop((f(&x), g(&x)));
}
