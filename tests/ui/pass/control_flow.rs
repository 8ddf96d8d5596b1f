use tg::prelude::*;

tensor_fn! {
    fn polynomial(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        let coefficients = [1.0, 0.5, 0.25];
        let mut sum = Tensor::zeros([3]);
        for (power, c) in coefficients.iter().enumerate() {
            sum += match power {
                0 => c * x.pow(0),
                1 => c * x,
                _ => c * x.pow(power),
            };
        }
        sum
    }

    fn switch<const SQUARE: bool>(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        if SQUARE {
            return x * x;
        }
        x
    }

    fn both(x: Tensor<f32, 3>) -> [Tensor<f32, 3>; 2] {
        [switch::<true>(x), switch::<false>(x)]
    }

    fn powers(x: Tensor<f32, 3>) -> Tensor<f32, 4, 3> {
        stack((0..4).map(|n| x.pow(n)), 0)
    }

    fn clip(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        ((x > -1.0) & (x < 1.0)).where_(x, 0.0)
    }
}

fn main() -> tg::Result<()> {
    let x = Tensor::from([0.0, 2.0, -4.0]);
    assert_eq!(polynomial(&x)?.as_slice(), [1.0, 3.0, 3.0]);
    let [square, same] = both(&x)?;
    assert_eq!((square.as_slice(), same.as_slice()), (&[0.0, 4.0, 16.0][..], &[0.0, 2.0, -4.0][..]));
    assert_eq!(powers(&x)?.as_slice()[9..], [0.0, 8.0, -64.0]);
    assert_eq!(clip(&Tensor::from([0.5, -0.5, 3.0]))?.as_slice(), [0.5, -0.5, 0.0]);
    Ok(())
}
