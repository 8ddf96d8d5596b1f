use tg::prelude::*;

tensor_fn! {
    struct Net { fc: nn::Linear<3, 4> }

    fn swapped(net: Net, other: nn::Linear<4, 3>) -> Net {
        Net { fc: other, ..net }
    }
}

fn main() {}
