use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 4>,
        b: Tensor<f32, 4>,
    }

    pub fn f(x: Tensor<f32, 4>) -> Net {
        Net { w: x }
    }
}

fn main() {}
