use tg::prelude::*;

tensor_fn! {
    struct Net { fc: nn::Liner<784, 10> }

    fn scores(net: Net, x: Tensor<f32, 32, 784>) -> Tensor<f32, 32, 10> {
        net.fc.forward(x)
    }
}

fn main() {}
