//! The optimizers of the library against PyTorch's: four steps on x₀⁴ + x₁⁴/2 + 3 x₂⁴ from (1, -2, 1/2), where PyTorch
//! computes in f64. The parameters stand in a struct, a tuple in it, and a tensor alone.

use tg::prelude::*;

tensor_fn! {
    #[derive(Clone)]
    pub struct Net { first: Tensor<f32>, rest: (Tensor<f32, 1>, Tensor<f32>) }

    pub struct Adam { mean: Net, square: Net, steps: Tensor<f32> }

    impl Net {
        fn loss(self) -> Tensor<f32> {
            let (b, c) = self.rest;
            self.first.pow(4) + b.pow(4).sum() / 2.0 + c.pow(4) * 3.0
        }
    }

    fn momentum(net: &mut Net, velocity: &mut Net) {
        *net -= 0.01 * optim::momentum(velocity, net.loss().grad(net), 0.9);
    }

    fn rmsprop(net: &mut Net, square: &mut Net) {
        *net -= 0.01 * optim::rmsprop(square, net.loss().grad(net), 0.9, 1e-3);
    }

    fn adam(net: &mut Net, state: &mut Adam) {
        let gradient = net.loss().grad(net);
        let betas = (0.8, 0.95);
        *net -= 0.1 * optim::adam(&mut state.mean, &mut state.square, &mut state.steps, gradient, betas, 1e-3);
    }

    fn clipped(net: &mut Net) {
        *net -= 0.1 * optim::clipped(net.loss().grad(net), 2.0);
    }

    fn one_tensor(x: &mut Tensor<f32, 3>, velocity: &mut Tensor<f32, 3>, weights: Tensor<f32, 3>) {
        let loss = (x.pow(4) * weights).sum();
        *x -= 0.01 * optim::momentum(velocity, loss.grad(x), 0.9);
    }
}

const AFTER_MOMENTUM: [f32; 3] = [0.6930109, -0.9254113, 0.3804308];

#[track_caller]
fn check(found: [f32; 3], expected: [f32; 3]) {
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6);
    assert!(close, "{found:?} is not {expected:?}");
}

#[track_caller]
fn four_steps(mut step: impl FnMut(&mut Net) -> tg::Result<()>, expected: [f32; 3]) {
    let mut net = Net { first: Tensor::full(1.0), rest: (Tensor::full(-2.0), Tensor::full(0.5)) };
    (0..4).for_each(|_| step(&mut net).unwrap());
    check([net.first.item(), net.rest.0.as_slice()[0], net.rest.1.item()], expected);
}

#[test]
fn steps_are_those_of_pytorch() {
    let (mut velocity, mut square, mut state) = (Net::zeros(), Net::zeros(), Adam::zeros());
    four_steps(|net| momentum(net, &mut velocity), AFTER_MOMENTUM);
    four_steps(|net| rmsprop(net, &mut square), [0.9133129, -1.9112046, 0.4176355]);
    four_steps(|net| adam(net, &mut state), [0.6225071, -1.6084316, 0.1590015]);
    four_steps(clipped, [0.7593048, -1.2444849, 0.4031871]);
    assert_eq!(state.steps.item(), 4.0);
}

#[test]
fn a_tensor_is_a_net_of_one() {
    let (mut x, mut velocity) = (Tensor::from([1.0, -2.0, 0.5]), Tensor::zeros());
    let weights = Tensor::from([1.0, 0.5, 3.0]);
    (0..4).for_each(|_| one_tensor(&mut x, &mut velocity, &weights).unwrap());
    check([x.as_slice()[0], x.as_slice()[1], x.as_slice()[2]], AFTER_MOMENTUM);
}
