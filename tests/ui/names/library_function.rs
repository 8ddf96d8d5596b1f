use tg::prelude::*;

tensor_fn! {
    fn train(x: &mut Tensor<f32, 3>, velocity: &mut Tensor<f32, 3>) {
        *x -= 0.1 * optim::momentun(velocity, x.square().sum().grad(x), 0.9);
    }
}

fn main() {}
