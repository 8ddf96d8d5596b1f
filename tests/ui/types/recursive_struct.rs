use tg::prelude::*;

tensor_fn! {
    struct Tree {
        w: Tensor<f32, 4>,
        children: [Tree; 2],
    }
}

fn main() {}
