use tg::prelude::*;

tensor_fn! {
    fn seen(conv: nn::Conv2d<1, 8, 5>, x: Tensor<f32, 32, 28, 28>) -> Tensor<f32, 32, 8, 24, 24> {
        conv.forward(x)
    }
}

fn main() {}
