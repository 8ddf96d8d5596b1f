use tg::prelude::*;

tensor_fn! {
    fn normalized(norm: nn::LayerNorm<8>, x: Tensor<f32, 32, 8>) -> Tensor<f32, 32, 8> {
        norm.forward(x, 1e-5, 2)
    }
}

fn main() {}
