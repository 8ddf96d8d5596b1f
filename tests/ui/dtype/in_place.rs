use tg::prelude::*;

tensor_fn! {
    pub fn f(x: &mut Tensor<u8, 4>) {
        *x = x.cast::<f32>() / 255.0;
    }
}

fn main() {}
