use tg::prelude::*;

tensor_fn! {
    const HEADS: usize = 3;
    const WIDTH: usize = 64;

    pub fn f(x: Tensor<f32, WIDTH>) -> Tensor<f32, WIDTH> {
        assert!(WIDTH % HEADS == 0, "the width must be a multiple of the number of heads");
        x
    }
}

fn main() {}
