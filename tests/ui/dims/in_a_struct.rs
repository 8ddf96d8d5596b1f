use tg::prelude::*;

tensor_fn! {
    struct Batch<N: Dim> {
        x: Tensor<f32, N, 4>,
    }
}

fn main() {}
