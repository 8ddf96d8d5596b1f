use tg::prelude::*;

tensor_fn! {
    fn normalized(norm: nn::BatchNorm<8>, x: Tensor<f32, 32, 4, 7>) -> Tensor<f32, 32, 4, 7> {
        norm.forward(x)
    }
}

fn main() {}
