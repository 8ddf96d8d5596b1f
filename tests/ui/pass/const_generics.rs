use tg::prelude::*;

tensor_fn! {
    const WIDTH: usize = 2 * 2;

    #[derive(Clone)]
    pub struct Layer<const I: usize, const O: usize> {
        w: Tensor<f32, I, O>,
    }

    impl<const I: usize, const O: usize> Layer<I, O> {
        fn forward<N: Dim>(&self, x: Tensor<f32, N, I>) -> Tensor<f32, N, O> {
            x.matmul(self.w)
        }
    }

    pub struct Net {
        first: Layer<3, WIDTH>,
        rest: [Layer<WIDTH, WIDTH>; 2],
    }

    fn run<N: Dim>(net: &Net, x: Tensor<f32, N, 3>) -> Tensor<f32, N, WIDTH> {
        let mut h = net.first.forward(x);
        for layer in net.rest {
            h = layer.forward(h) + 1.0;
        }
        h
    }

    fn pad_to<const N: usize>(x: Tensor<f32, 2>) -> Tensor<f32, N> {
        x.pad([(0, N - 2)])
    }

    fn padded(x: Tensor<f32, 2>) -> Tensor<f32, 5> {
        pad_to::<5>(x)
    }
}

fn main() -> tg::Result<()> {
    let net = Net { first: Layer { w: Tensor::ones() }, rest: [Layer::zeros(), Layer { w: Tensor::full(0.5) }] };
    assert_eq!(net.parameter_count(), 12 + 16 + 16);
    assert_eq!(run(&net, &Tensor::from([[1.0, 2.0, 3.0]]))?.as_slice(), [3.0; 4]);
    assert_eq!(padded(&Tensor::from([1.0, 2.0]))?.as_slice(), [1.0, 2.0, 0.0, 0.0, 0.0]);
    Ok(())
}
