use tg::prelude::*;

tensor_fn! {
    struct Net { conv: nn::Conv2d<1, 32, 5, 1, 0, 1, 1, 2> }
}

fn main() {}
