use tg::prelude::*;

fn main() -> tg::Result<()> {
    let softmax = tensor_fn!(|x: Tensor<f32, 1, 2>| x.softmax(-1));
    let add = tensor_fn!(|x: Tensor<i32, 3>, by: i32| -> Tensor<i32, 3> { x + by });
    assert_eq!(softmax(&Tensor::from([[1.0, 1.0]]))?.as_slice(), [0.5, 0.5]);
    assert_eq!(add(&Tensor::from([1, 2, 3]), 10)?.as_slice(), [11, 12, 13]);
    let again = tensor_fn!(|x: Tensor<f32, 1, 2>| x.softmax(-1));
    assert_eq!(again(&Tensor::from([[1.0, 1.0]]))?.as_slice(), [0.5, 0.5]);
    Ok(())
}
