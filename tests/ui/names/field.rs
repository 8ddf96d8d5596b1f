use tg::prelude::*;

tensor_fn! {
    struct Net {
        weight: Tensor<f32, 4>,
    }

    pub fn f(net: Net) -> Tensor<f32, 4> {
        net.wieght
    }
}

fn main() {}
