use tg::prelude::*;

tensor_fn! {
    const A: usize = B + 1;
    const B: usize = A + 1;

    pub fn f(x: Tensor<f32, A>) -> Tensor<f32, A> {
        x
    }
}

fn main() {}
