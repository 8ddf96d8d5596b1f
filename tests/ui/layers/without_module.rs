use tg::prelude::*;

tensor_fn! {
    struct Net { fc: Linear<784, 10> }
}

fn main() {}
