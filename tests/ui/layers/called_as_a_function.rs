use tg::prelude::*;

tensor_fn! {
    struct Net { fc: nn::Linear<784, 10> }

    impl Net {
        fn scores<N: Dim>(&self, x: Tensor<f32, N, 784>) -> Tensor<f32, N, 10> {
            self.fc(x)
        }
    }
}

fn main() {}
