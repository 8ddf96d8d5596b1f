use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 4>,
        eps: f32,
    }
}

fn main() {}
