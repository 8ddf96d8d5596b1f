use tg::prelude::*;

tensor_fn! {
    struct Net { fc: nn::Linear<784> }
}

fn main() {}
