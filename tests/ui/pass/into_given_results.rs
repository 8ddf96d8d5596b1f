use tg::prelude::*;

tensor_fn! {
    fn halves(x: Tensor<f32, 4>) -> (Tensor<f32, 4>, f32) {
        (x / 2.0, x.sum())
    }
}

fn main() -> tg::Result<()> {
    let mut out = (Tensor::zeros(), 0.0);
    halves_into(&Tensor::from([2.0, 4.0, 6.0, 8.0]), &mut out)?;
    assert_eq!((out.0.as_slice(), out.1), (&[1.0, 2.0, 3.0, 4.0][..], 20.0));
    Ok(())
}
