//! Sizes known at run time: where they come from, and what is said when they do not fit.

use tg::prelude::*;

tensor_fn! {
    fn affine<N: Dim, M: Dim>(x: Tensor<f32, N, M>, w: Tensor<f32, M, 3>, b: Tensor<f32, N>) -> Tensor<f32, N, 3> {
        x.matmul(w) + b.unsqueeze(1)
    }

    fn doubled<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32, N> {
        x + x
    }

    fn total<N: Dim>(x: Tensor<f32, N>) -> Tensor<f32> {
        x.sum()
    }
}

type Matrix<const M: usize> = Tensor<f32, (Dyn, Const<M>)>;
type Loose = Tensor<f32, (Dyn, Dyn)>;
type Row = Tensor<f32, (Dyn,)>;

fn counted(n: usize) -> Row {
    Row::from_vec((0..n).map(|i| i as f32).collect()).unwrap()
}

#[test]
fn two_sizes_from_three_arguments() -> tg::Result<()> {
    for (n, m) in [(1, 1), (2, 5), (17, 33), (64, 8)] {
        let x = Loose::from_vec_in((Dyn(n), Dyn(m)), (0..n * m).map(|i| (i % 7) as f32).collect())?;
        let w = Matrix::<3>::from_vec((0..m * 3).map(|i| (i % 5) as f32).collect())?;
        let y = affine(&x, &w, &counted(n))?;
        assert_eq!(y.dims(), [n, 3]);
        for (at, y) in y.as_slice().iter().enumerate() {
            let (i, j) = (at / 3, at % 3);
            let products = (0..m).map(|k| ((i * m + k) % 7 * ((k * 3 + j) % 5)) as f32);
            assert_eq!(*y, products.sum::<f32>() + i as f32, "{n} {m} at {i} {j}");
        }
    }
    Ok(())
}

#[test]
fn disagreement_names_both_arguments() {
    let x = Loose::zeros_in((Dyn(4), Dyn(2))).unwrap();
    let w = Matrix::<3>::zeros_in((Dyn(2), Const)).unwrap();
    let error = affine(&x, &w, &counted(5)).unwrap_err().to_string();
    assert_eq!(error, "`affine`: dimension `N` is 4 in argument `x` but 5 in argument `b`");
    let w = Matrix::<3>::zeros_in((Dyn(7), Const)).unwrap();
    let error = affine(&x, &w, &counted(4)).unwrap_err().to_string();
    assert_eq!(error, "`affine`: dimension `M` is 2 in argument `x` but 7 in argument `w`");
}

#[test]
fn a_result_of_another_size_is_refused() -> tg::Result<()> {
    let (mut right, mut wrong) = (counted(3), counted(2));
    doubled_into(&counted(3), &mut right)?;
    assert_eq!(right.as_slice(), [0.0, 2.0, 4.0]);
    let error = doubled_into(&counted(3), &mut wrong).unwrap_err().to_string();
    assert!(error.contains("`doubled`") && error.contains("is 3 in argument `x` but 2 in argument"), "{error}");
    assert_eq!(wrong.as_slice(), [0.0, 1.0]);
    Ok(())
}

#[test]
fn size_zero_is_an_error() {
    let error = total(&counted(0)).unwrap_err().to_string();
    assert!(error.contains("`total`: argument `x`: dimension `N` must be in 1..="), "{error}");
    assert!(doubled(&counted(0)).is_err());
}

#[test]
fn sizes_around_every_vector_width() -> tg::Result<()> {
    for n in (1..70).chain([127, 128, 129, 1000, 4099]) {
        let expected = (n * (n - 1) / 2) as f32;
        assert_eq!(total(&counted(n))?.item(), expected, "{n}");
        assert!(doubled(&counted(n))?.as_slice().iter().enumerate().all(|(i, v)| *v == 2.0 * i as f32), "{n}");
    }
    Ok(())
}

#[test]
fn one_function_takes_sizes_of_both_kinds() -> tg::Result<()> {
    let fixed: Tensor<f32, (Const<2>,)> = doubled(&Tensor::from([1.0, 2.0]))?;
    let free: Row = doubled(&counted(3))?;
    assert_eq!((fixed.as_slice(), free.as_slice()), (&[2.0, 4.0][..], &[0.0, 2.0, 4.0][..]));
    Ok(())
}
