//! `&mut` parameters: every value read is the one before the call, whatever is written first.

use tg::prelude::*;

tensor_fn! {
    fn swap(a: &mut Tensor<f32, 300>, b: &mut Tensor<f32, 300>) {
        (*a, *b) = (*b, *a);
    }

    /// `b` gets the old `a`, although `a` is assigned first.
    fn shift(a: &mut Tensor<f32, 3>, b: &mut Tensor<f32, 3>) {
        let old = *a;
        *a += *b;
        *b = old * 10.0;
    }

    /// Every element needs one that another element replaces.
    fn reverse(a: &mut Tensor<f32, 1000>) {
        *a = a.flip(0);
    }

    fn centre(a: &mut Tensor<f32, 4>) -> Tensor<f32> {
        let mean = a.mean(0);
        *a -= mean;
        mean
    }

    fn count(total: &mut i64, by: i64) {
        *total += by;
    }

    fn keep<N: Dim<1, 8>>(a: &mut Tensor<f32, N>, b: Tensor<f32, N>) {
        *a += b;
    }
}

fn ramp<const N: usize>() -> Tensor<f32, (Const<N>,)> {
    Tensor::from(std::array::from_fn(|i| i as f32))
}

#[test]
fn two_parameters_swap() -> tg::Result<()> {
    let (mut a, mut b) = (ramp::<300>(), Tensor::full(7.0));
    swap(&mut a, &mut b)?;
    assert_eq!((a.as_slice(), b), (&[7.0; 300][..], ramp()));
    Ok(())
}

#[test]
fn an_update_reads_old_values() -> tg::Result<()> {
    let (mut a, mut b) = (Tensor::from([1.0f32, 2.0, 3.0]), Tensor::from([10.0f32, 20.0, 30.0]));
    shift(&mut a, &mut b)?;
    assert_eq!((a.as_slice(), b.as_slice()), (&[11.0, 22.0, 33.0][..], &[10.0, 20.0, 30.0][..]));
    shift(&mut a, &mut b)?;
    assert_eq!((a.as_slice(), b.as_slice()), (&[21.0, 42.0, 63.0][..], &[110.0, 220.0, 330.0][..]));
    Ok(())
}

#[test]
fn elements_move_within_a_parameter() -> tg::Result<()> {
    let mut a = ramp::<1000>();
    reverse(&mut a)?;
    assert!(a.as_slice().iter().enumerate().all(|(i, v)| *v == (999 - i) as f32), "{:?}", &a.as_slice()[..10]);
    Ok(())
}

#[test]
fn results_and_updates_go_together() -> tg::Result<()> {
    let mut a = Tensor::from([1.0f32, 2.0, 3.0, 6.0]);
    assert_eq!(centre(&mut a)?.item(), 3.0);
    assert_eq!(a.as_slice(), [-2.0, -1.0, 0.0, 3.0]);
    let mut mean = Tensor::zeros();
    centre_into(&mut a, &mut mean)?;
    assert_eq!((mean.item(), a.as_slice()[0]), (0.0, -2.0));
    Ok(())
}

#[test]
fn numbers_change_too() -> tg::Result<()> {
    let mut total = 1i64 << 40;
    count(&mut total, 2)?;
    count(&mut total, 3)?;
    assert_eq!(total, (1 << 40) + 5);
    Ok(())
}

#[test]
fn nothing_changes_on_errors() {
    type Row = Tensor<f32, (Dyn,)>;
    for (n, got) in [(9, "got 9"), (0, "got 0")] {
        let mut a = Row::ones_in((Dyn(n),)).unwrap();
        let error = keep(&mut a, &Row::ones_in((Dyn(n),)).unwrap()).unwrap_err().to_string();
        assert!(
            error.contains("`keep`: argument `a`: dimension `N` must be in 1..=8") && error.ends_with(got),
            "{error}"
        );
        assert_eq!(a.as_slice(), vec![1.0; n]);
    }
    let mut a = Row::ones_in((Dyn(3),)).unwrap();
    assert!(keep(&mut a, &Row::ones_in((Dyn(2),)).unwrap()).is_err());
    assert_eq!(a.as_slice(), [1.0; 3]);
}
