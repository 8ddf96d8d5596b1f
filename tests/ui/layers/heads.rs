use tg::prelude::*;

tensor_fn! {
    fn mixed(layer: nn::MultiHeadAttention<10, 3>, x: Tensor<f32, 2, 5, 10>) -> Tensor<f32, 2, 5, 10> {
        layer.causal(x)
    }
}

fn main() {}
