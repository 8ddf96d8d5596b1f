use tg::prelude::*;

tensor_fn! {
    fn outer<N: Dim<1, 64>, M: Dim<64>>(x: Tensor<f32, N>, y: Tensor<f32, M>) -> Tensor<f32, N, M> {
        x.unsqueeze(1) * y
    }

    fn doubled<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32, { N * 2 }> {
        cat([x, x], 0)
    }
}

fn main() -> tg::Result<()> {
    let (x, y) = (Tensor::from([1.0f32, 2.0]), Tensor::from([3.0f32, 4.0, 5.0]));
    assert_eq!(outer(&x, &y)?.as_slice(), [3.0, 4.0, 5.0, 6.0, 8.0, 10.0]);
    assert_eq!(doubled(&x)?.as_slice(), [1.0, 2.0, 1.0, 2.0]);
    let long = Tensor::from_vec(vec![0.0f32; 65])?;
    let long: Tensor<f32, (tg::Dyn,)> = long;
    let error = outer(&long, &y).unwrap_err().to_string();
    assert!(error.contains("dimension `N` must be in 1..=64, got 65"), "{error}");
    Ok(())
}
