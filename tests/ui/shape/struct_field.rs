use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 3, 4>,
    }

    pub fn f(w: Tensor<f32, 4, 3>) -> Net {
        Net { w: w * 2.0 }
    }
}

fn main() {}
