use tg::prelude::*;

tensor_fn! {
    fn vectors(words: nn::Embedding<100, 8>, x: Tensor<f32, 5>) -> Tensor<f32, 5, 8> {
        words.forward(x)
    }
}

fn main() {}
