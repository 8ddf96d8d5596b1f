use tg::prelude::*;

tensor_fn! {
    fn parts(x: Tensor<f32, 3, 4>, at: Tensor<i64, 2>) -> (Tensor<f32, 4>, Tensor<f32, 3>, Tensor<f32, 2, 2>, Tensor<f32, 2, 4>) {
        (x[-1], x[(.., 1)], x[(..2, 2..)], x[at])
    }
}

fn main() -> tg::Result<()> {
    let x = Tensor::from_vec((0..12).map(|i| i as f32).collect())?;
    let (row, column, corner, picked) = parts(&x, &Tensor::from([2, 0]))?;
    assert_eq!(row.as_slice(), [8.0, 9.0, 10.0, 11.0]);
    assert_eq!(column.as_slice(), [1.0, 5.0, 9.0]);
    assert_eq!(corner.as_slice(), [2.0, 3.0, 6.0, 7.0]);
    assert_eq!(picked.as_slice(), [8.0, 9.0, 10.0, 11.0, 0.0, 1.0, 2.0, 3.0]);
    Ok(())
}
