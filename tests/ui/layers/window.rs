use tg::prelude::*;

tensor_fn! {
    fn seen(conv: nn::Conv2d<1, 8, 9>, x: Tensor<f32, 32, 1, 7, 7>) -> Tensor<f32, 32, 8, 1, 1> {
        conv.forward(x)
    }
}

fn main() {}
