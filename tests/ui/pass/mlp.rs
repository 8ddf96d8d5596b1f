use tg::prelude::*;

tensor_fn! {
    #[derive(Clone, Debug)]
    pub struct Mlp {
        w1: Tensor<f32, 6, 5>, b1: Tensor<f32, 5>,
        w2: Tensor<f32, 5, 3>, b2: Tensor<f32, 3>,
    }

    impl Mlp {
        /// Class scores.
        pub fn logits<N: Dim>(&self, x: Tensor<u8, N, 6>) -> Tensor<f32, N, 3> {
            let x = x.cast::<f32>() / 255.0;
            let h = (x.matmul(self.w1) + self.b1).relu();
            h.matmul(self.w2) + self.b2
        }
    }

    pub fn train_step(net: &mut Mlp, x: Tensor<u8, 4, 6>, y: Tensor<u8, 4>, lr: f32) -> Tensor<f32> {
        let loss = net.logits(x).cross_entropy(y);
        *net -= lr * loss.grad(net);
        loss
    }
}

fn main() -> tg::Result<()> {
    let mut net = Mlp::zeros();
    for (i, w) in net.w1.as_mut_slice().iter_mut().enumerate() {
        *w = (i as f32).sin();
    }
    for (i, w) in net.w2.as_mut_slice().iter_mut().enumerate() {
        *w = (i as f32).cos();
    }
    let x = Tensor::from_vec((0..24).map(|i| (i * 11) as u8).collect())?;
    let y = Tensor::from([0, 1, 2, 1]);
    let first = train_step(&mut net, &x, &y, 0.5)?.as_slice()[0];
    let mut loss = first;
    for _ in 0..200 {
        loss = train_step(&mut net, &x, &y, 0.5)?.as_slice()[0];
    }
    assert!(loss < 0.5 * first, "{first} {loss}");
    assert!(TRAIN_STEP.kernels > 1 && TRAIN_STEP.kernels < 10);
    let one = Tensor::from([[1u8, 2, 3, 4, 5, 6]]);
    assert_eq!(net.logits(&one)?.dims(), [1, 3]);
    Ok(())
}
