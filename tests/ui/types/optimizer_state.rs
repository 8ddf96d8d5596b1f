use tg::prelude::*;

tensor_fn! {
    struct Net { w: Tensor<f32, 3> }

    fn train(net: &mut Net, velocity: &mut Tensor<f32, 4>, x: Tensor<f32, 3>) {
        let loss = (net.w * x).sum();
        *net -= 0.1 * optim::momentum(velocity, loss.grad(net), 0.9);
    }
}

fn main() {}
