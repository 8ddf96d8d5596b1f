//! Launching a handwritten program: tails, run-time dimensions, threads, concurrent calls, errors.

mod affine;

use affine::{Rows, affine, affine_into};
use tg_runtime::{Const, Dyn, Error, Tensor};

fn rows(n: usize) -> Rows {
    Tensor::from_vec((0..n * 4).map(|i| i as f32).collect()).expect("4 elements a row")
}

fn check(n: usize) {
    let (x, mut b) = (rows(n), 0.5);
    let y = affine(&x, &mut b).expect("the shapes fit");
    let expected: Vec<f32> = x.as_slice().iter().map(|x| 2.0 * x + 0.5).collect();
    assert!(y.as_slice() == expected, "{n} rows");
    assert_eq!(b, 1.5);
}

#[test]
fn every_size_below_and_above_a_tile() {
    (1..40).for_each(check);
}

#[test]
fn large_sizes_are_shared_by_threads() {
    for n in [5_000, 100_001, 300_007, 10, 70_000] {
        check(n);
    }
}

#[test]
fn concurrent_calls_do_not_share_a_workspace() {
    std::thread::scope(|scope| {
        for user in 0..4 {
            scope.spawn(move || (0..200).for_each(|round| check(1 + user * 997 + round * 13)));
        }
    });
}

#[test]
fn errors_leave_arguments_as_they_were() {
    let (x, mut b, mut y) = (rows(3), 0.5, rows(4));
    let before = y.clone();
    let error = affine_into(&x, &mut b, &mut y).unwrap_err();
    assert_eq!(error.to_string(), "`affine`: dimension `N` is 3 in argument `x` but 4 in argument `y`");
    assert_eq!((b, y), (0.5, before));
    let empty = Rows::zeros_in((Dyn(0), Const)).expect("no memory needed");
    assert!(matches!(affine(&empty, &mut b), Err(Error::DimBounds { got: 0, .. })));
}
