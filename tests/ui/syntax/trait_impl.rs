use tg::prelude::*;

tensor_fn! {
    struct Net {
        w: Tensor<f32, 4>,
    }

    impl Clone for Net {
        fn clone(&self) -> Net {
            Net { w: self.w }
        }
    }
}

fn main() {}
