use tg::prelude::*;

tensor_fn! {
    pub fn f(q: Tensor<f32, 4, 16, 64>, k: Tensor<f32, 4, 16, 32>, v: Tensor<f32, 4, 16, 32>) -> Tensor<f32, 4, 16, 32> {
        q.causal_attention(k, v)
    }
}

fn main() {}
