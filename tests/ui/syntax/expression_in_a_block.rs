use tg::prelude::*;

tensor_fn! {
    x.softmax(-1)
}

fn main() {}
