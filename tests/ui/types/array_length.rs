use tg::prelude::*;

tensor_fn! {
    struct Layer {
        w: Tensor<f32, 4>,
    }

    struct Net {
        layers: [Layer; 2],
    }

    pub fn f(w: Tensor<f32, 4>) -> Net {
        Net { layers: [Layer { w }] }
    }
}

fn main() {}
