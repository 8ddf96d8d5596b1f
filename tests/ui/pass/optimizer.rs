use tg::prelude::*;

tensor_fn! {
    #[derive(Clone)]
    struct Net { w: Tensor<f32, 2>, b: (Tensor<f32>, Tensor<f32, 1>) }

    struct Adam { m: Net, v: Net }

    impl Adam {
        fn step(&mut self, net: &mut Net, g: Net) {
            self.m = 0.9 * self.m + 0.1 * g;
            self.v = 0.99 * self.v + 0.01 * (g * g);
            *net -= 0.1 * self.m / (self.v.map(|v| v.sqrt()) + 1e-6);
        }
    }

    fn train(net: &mut Net, adam: &mut Adam, x: Tensor<f32, 2>) -> f32 {
        let loss = ((net.w * x).sum() + net.b.0 + net.b.1.sum() - 1.0).square();
        let g = loss.grad(net);
        adam.step(net, g);
        loss
    }
}

fn main() -> tg::Result<()> {
    let (mut net, mut adam) = (Net::zeros(), Adam::zeros());
    let x = Tensor::from([1.0, -2.0]);
    let first = train(&mut net, &mut adam, &x)?;
    for _ in 0..100 {
        train(&mut net, &mut adam, &x)?;
    }
    assert!(first == 1.0 && train(&mut net, &mut adam, &x)? < 0.1);
    let mut names = Vec::new();
    adam.visit("", &mut |name, _| names.push(name.to_owned()));
    assert_eq!(names, ["m.w", "m.b.0", "m.b.1", "v.w", "v.b.0", "v.b.1"]);
    Ok(())
}
