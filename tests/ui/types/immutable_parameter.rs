use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 4>,
    }

    pub fn f(net: &Net, g: Tensor<f32, 4>) {
        net.w -= g;
    }
}

fn main() {}
