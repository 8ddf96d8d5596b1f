use tg::prelude::*;

tensor_fn! {
    #[derive(Clone)]
    pub struct Norm<const C: usize> { scale: Tensor<f32, C>, shift: Tensor<f32, C> }

    /// What inference uses in place of the statistics of a batch.
    pub struct Statistics<const C: usize> { mean: Tensor<f32, C>, variance: Tensor<f32, C> }

    impl<const C: usize> Norm<C> {
        /// Normalizes by the statistics of the batch, and lets those of `running` follow them.
        fn train(self, running: &mut Statistics<C>, x: Tensor<f32, 4, C, 8, 8>) -> Tensor<f32, 4, C, 8, 8> {
            running.mean = 0.9 * running.mean + 0.1 * x.mean([0, 2, 3]);
            running.variance = 0.9 * running.variance + 0.1 * x.var([0, 2, 3]);
            x.batchnorm(self.scale, self.shift)
        }

        fn infer(self, running: Statistics<C>, x: Tensor<f32, 4, C, 8, 8>) -> Tensor<f32, 4, C, 8, 8> {
            x.batchnorm_with(running.mean, running.variance, self.scale, self.shift)
        }
    }

    #[derive(Clone)]
    pub struct Net { conv: Tensor<f32, 3, 1, 3, 3>, bias: Tensor<f32, 3>, norm: Norm<3>, out: Tensor<f32, 48, 2> }

    impl Net {
        fn head(self, x: Tensor<f32, 4, 3, 8, 8>) -> Tensor<f32, 4, 2> {
            x.relu().max_pool2d(2).flatten_from(1).matmul(self.out)
        }
    }

    pub fn train(net: &mut Net, running: &mut Statistics<3>, x: Tensor<f32, 4, 1, 8, 8>, y: Tensor<u8, 4>) -> f32 {
        let loss = net.head(net.norm.train(running, x.conv2d(net.conv, net.bias, 1, 1))).cross_entropy(y);
        *net -= 0.1 * loss.grad(net);
        loss
    }

    pub fn scores(net: Net, running: Statistics<3>, x: Tensor<f32, 4, 1, 8, 8>) -> Tensor<f32, 4, 2> {
        net.head(net.norm.infer(running, x.conv2d(net.conv, net.bias, 1, 1)))
    }
}

fn main() -> tg::Result<()> {
    let (mut net, mut running) = (Net::zeros(), Statistics::zeros());
    net.conv = Tensor::uniform(-0.5, 0.5, 1);
    net.out = Tensor::uniform(-0.5, 0.5, 2);
    net.norm.scale = Tensor::full(1.0);
    let x = Tensor::uniform(-1.0, 1.0, 3);
    let y = Tensor::from([0u8, 1, 1, 0]);
    let first = train(&mut net, &mut running, &x, &y)?;
    for _ in 0..100 {
        train(&mut net, &mut running, &x, &y)?;
    }
    assert!(train(&mut net, &mut running, &x, &y)? < 0.1 * first);
    let right = |row: &[f32], class: u8| (row[1] > row[0]) == (class == 1);
    let scores = scores(&net, &running, &x)?;
    assert!(scores.as_slice().chunks(2).zip(y.as_slice()).all(|(row, class)| right(row, *class)));
    Ok(())
}
