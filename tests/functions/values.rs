//! Arguments and results of every kind: numbers, truth values, integers, tuples, given results.

use tg::prelude::*;

tensor_fn! {
    fn mixed(x: Tensor<f64, 3>, a: f32, b: f64, k: i32, small: u8, on: bool) -> (Tensor<f64, 3>, Tensor<i32, 3>, Tensor<bool, 3>) {
        let y = on.where_(x * b + a.cast::<f64>(), 0.0);
        (y, y.cast::<i32>() + k + small.cast::<i32>(), y > b)
    }

    fn logic(p: Tensor<bool, 40>, q: Tensor<bool, 40>) -> (Tensor<bool, 40>, Tensor<i64>) {
        let both = p & !q;
        (both, both.cast::<i64>().sum())
    }

    fn wrap(x: Tensor<u8, 33>, y: Tensor<u8, 33>) -> Tensor<u8, 33> {
        x * y + 200
    }

    fn twice_each(x: Tensor<f32, 2>) -> (Tensor<f32, 2>, (Tensor<f32>, Tensor<f32, 2>)) {
        (x, (x.sum(), x * 2.0))
    }
}

#[test]
fn numbers_of_several_types() -> tg::Result<()> {
    let x = Tensor::from([1.0f64, -2.0, 0.5]);
    let (y, n, larger) = mixed(&x, 0.25, 4.0, -1, 200, true)?;
    assert_eq!(y.as_slice(), [4.25, -7.75, 2.25]);
    assert_eq!(n.as_slice(), [203, 192, 201]);
    assert_eq!(larger.as_slice(), [true, false, false]);
    assert_eq!(mixed(&x, 0.25, 4.0, -1, 200, false)?.0.as_slice(), [0.0; 3]);
    Ok(())
}

#[test]
fn truth_values_and_bytes() -> tg::Result<()> {
    let p = Tensor::from(std::array::from_fn::<bool, 40, _>(|i| i % 2 == 0));
    let q = Tensor::from(std::array::from_fn::<bool, 40, _>(|i| i % 3 == 0));
    let (both, count) = logic(&p, &q)?;
    assert!(both.as_slice().iter().enumerate().all(|(i, b)| *b == (i % 2 == 0 && i % 3 != 0)));
    assert_eq!(count.item(), 13);
    let bytes = Tensor::from(std::array::from_fn::<u8, 33, _>(|i| i as u8 * 7));
    let expected: Vec<u8> = bytes.as_slice().iter().map(|b| b.wrapping_mul(*b).wrapping_add(200)).collect();
    assert_eq!(wrap(&bytes, &bytes)?.as_slice(), expected);
    Ok(())
}

#[test]
fn nested_results_also_into() -> tg::Result<()> {
    let x = Tensor::from([1.0f32, 2.0]);
    let mut out = (Tensor::zeros(), (Tensor::zeros(), Tensor::zeros()));
    twice_each_into(&x, &mut out)?;
    assert_eq!(out, twice_each(&x)?);
    assert_eq!((out.0, out.1.0.item(), out.1.1.as_slice()), (x, 3.0, &[2.0, 4.0][..]));
    Ok(())
}
