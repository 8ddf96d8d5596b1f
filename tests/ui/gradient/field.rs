use tg::prelude::*;

tensor_fn! {
    struct Net {
        w1: Tensor<f32, 4>,
        w2: Tensor<f32, 4>,
    }

    pub fn f(net: Net, x: Tensor<f32, 4>) -> Net {
        (x * net.w1).sum().grad(net)
    }
}

fn main() {}
