use tg::prelude::*;

tensor_fn! {
    fn moments(x: Tensor<f32, 4>) -> (Tensor<f32, 4>, (f32, [Tensor<f32>; 2])) {
        let mean = x.mean();
        (x - mean, (mean, [x.max(), x.min()]))
    }
}

fn main() -> tg::Result<()> {
    let (centred, (mean, [max, min])) = moments(&Tensor::from([1.0, 2.0, 3.0, 6.0]))?;
    assert_eq!(centred.as_slice(), [-2.0, -1.0, 0.0, 3.0]);
    assert_eq!((mean, max.as_slice()[0], min.as_slice()[0]), (3.0, 6.0, 1.0));
    Ok(())
}
