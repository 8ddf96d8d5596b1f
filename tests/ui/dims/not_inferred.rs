use tg::prelude::*;

tensor_fn! {
    fn repeat<const K: usize>(x: Tensor<f32, 4>) -> Tensor<f32, K, 4> {
        x.unsqueeze(0).expand([K, 4])
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 3, 4> {
        repeat(x)
    }
}

fn main() {}
