use tg::prelude::*;

tensor_fn! {
    fn update(x: &mut Tensor<f32, 4>) {
        *x += 1.0;
    }

    pub fn f(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let mut y = x;
        update(y);
        y
    }
}

fn main() {}
