use tg::prelude::*;

tensor_fn! {
    fn bump(x: &mut Tensor<f32, 3>, by: f32) {
        *x += by;
    }

    fn swap(x: &mut Tensor<f32, 3>, y: &mut Tensor<f32, 3>) {
        (*x, *y) = (*y, *x);
    }

    fn both(x: &mut Tensor<f32, 3>, count: &mut f32) -> Tensor<f32> {
        bump(x, 1.0);
        bump(x, 2.0);
        *count += 1.0;
        x.sum()
    }
}

fn main() -> tg::Result<()> {
    let (mut x, mut y, mut count) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([7.0, 8.0, 9.0]), 0.0);
    bump(&mut x, 0.5)?;
    assert_eq!(x.as_slice(), [1.5, 2.5, 3.5]);
    swap(&mut x, &mut y)?;
    assert_eq!((x.as_slice(), y.as_slice()), (&[7.0, 8.0, 9.0][..], &[1.5, 2.5, 3.5][..]));
    assert_eq!(both(&mut x, &mut count)?.as_slice(), [33.0]);
    assert_eq!((x.as_slice(), count), (&[10.0, 11.0, 12.0][..], 1.0));
    Ok(())
}
