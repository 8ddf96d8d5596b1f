use tg::Tensor;

/// Twice the elements.
#[tg::aot]
pub fn twice<N: tg::Dim>(x: Tensor<f32, N>) -> Tensor<f32, N> {
    x * 2.0
}

#[tg::aot]
fn squares(x: Tensor<f32, 2>) -> Tensor<f32, 2> {
    x.square()
}

fn main() -> tg::Result<()> {
    assert_eq!(twice(&Tensor::from([1.0, 2.0]))?.as_slice(), [2.0, 4.0]);
    assert_eq!(squares(&Tensor::from([3.0, 4.0]))?.as_slice(), [9.0, 16.0]);
    assert_eq!((TWICE.kernels, SQUARES.workspace_bytes), (1, 0));
    Ok(())
}
