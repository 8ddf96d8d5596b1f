use tg::prelude::*;

tensor_fn! {
    fn swap(x: &mut Tensor<f32, 4>, y: &mut Tensor<f32, 4>) {
        let old = *x;
        *x = *y;
        *y = old;
    }

    pub fn f(x: &mut Tensor<f32, 4>) {
        swap(x, x);
    }
}

fn main() {}
