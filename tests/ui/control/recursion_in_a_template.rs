use tg::prelude::*;

tensor_fn! {
    fn power<const N: usize>(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        if N == 0 { x } else { x * power::<{ N - 1 }>(x) }
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        power::<3>(x)
    }

    pub fn g(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        power::<2>(x)
    }
}

fn main() {}
