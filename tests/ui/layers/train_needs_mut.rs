use tg::prelude::*;

tensor_fn! {
    struct Net { norm: nn::BatchNorm<8> }

    fn normalized(net: Net, x: Tensor<f32, 32, 8>) -> Tensor<f32, 32, 8> {
        net.norm.train(x)
    }
}

fn main() {}
