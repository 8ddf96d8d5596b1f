use tg::prelude::*;

tensor_fn! {
    fn scaled<const K: usize>(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x * K
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        scaled::<2, 3>(x)
    }
}

fn main() {}
