//! Functions that are traced once: what would be a trap elsewhere does what it says, or is an error.

use std::cell::Cell;

use tg_lazy::{Device, ErrorKind, Tensor, jit};

fn vector(elements: &[f32]) -> Tensor {
    Tensor::from_slice(elements, [elements.len()])
}

#[test]
fn a_function_is_traced_once_for_each_kind_of_arguments() {
    let traced = Cell::new(0);
    let double = jit(|x: Tensor| {
        traced.set(traced.get() + 1);
        &x * 2.0
    });
    for round in 0..4 {
        assert_eq!(
            double.call(&vector(&[round as f32, 1.0])).unwrap().to_vec::<f32>().unwrap(),
            [2.0 * round as f32, 2.0]
        );
    }
    assert_eq!(traced.get(), 1);
    assert_eq!(double.call(&vector(&[1.0])).unwrap().item::<f32>().unwrap(), 2.0);
    assert_eq!(double.call(&Tensor::from(1.0f64)).unwrap().item::<f64>().unwrap(), 2.0);
    assert_eq!(double.call(&vector(&[1.0]).to(Device::Cpu(1))).unwrap().device().unwrap(), Device::Cpu(1));
    assert_eq!(traced.get(), 4);
}

#[test]
fn results_are_new_each_time() {
    let next = jit(|x: Tensor| &x + 1.0);
    let one = next.call(&vector(&[0.0])).unwrap();
    let two = next.call(&one).unwrap();
    let three = next.call(&two).unwrap();
    let values = [one, two, three].map(|x| x.item::<f32>().unwrap());
    assert_eq!(values, [1.0, 2.0, 3.0], "no result is overwritten by a later call");
}

#[test]
fn an_argument_can_be_a_result_and_be_passed_twice() {
    let same = jit(|(x, y): (Tensor, Tensor)| (x.clone(), &x - &y, y));
    let x = vector(&[3.0]);
    let (a, zero, b) = same.call(&(x.clone(), x.clone())).unwrap();
    assert_eq!([a, zero, b].map(|x| x.item::<f32>().unwrap()), [3.0, 0.0, 3.0]);
    let (a, difference, b) = same.call(&(x, vector(&[1.0]))).unwrap();
    assert_eq!(
        [a, difference, b].map(|x| x.item::<f32>().unwrap()),
        [3.0, 2.0, 1.0],
        "traced with one tensor for both"
    );
}

#[test]
fn captured_tensors_keep_their_value() {
    let mut w = vector(&[10.0]);
    let mut seen = w.clone();
    let scaled = {
        let w = w.clone();
        jit(move |x: Tensor| &x * &w)
    };
    assert_eq!(scaled.call(&vector(&[1.0])).unwrap().item::<f32>().unwrap(), 10.0);
    w.assign(&vector(&[20.0])).unwrap();
    seen += 1.0;
    assert_eq!(scaled.call(&vector(&[1.0])).unwrap().item::<f32>().unwrap(), 10.0);
    let passed = jit(|(x, w): (Tensor, Tensor)| &x * &w);
    for value in [20.0, 30.0] {
        w.assign(&vector(&[value])).unwrap();
        assert_eq!(passed.call(&(vector(&[1.0]), w.clone())).unwrap().item::<f32>().unwrap(), value);
    }
}

#[test]
fn arguments_that_are_not_computed_are_computed_first() {
    let f = jit(|x: Tensor| x.sum(()));
    for step in 1..4 {
        assert_eq!(f.call(&(vector(&[1.0, 2.0]) * step)).unwrap().item::<f32>().unwrap(), 3.0 * step as f32);
    }
}

#[test]
fn asking_for_elements_inside_is_an_error() {
    let f = jit(|x: Tensor| match x.sum(()).item::<f32>() {
        Ok(sum) => &x * sum,
        Err(error) => error.into(),
    });
    let error = f.call(&vector(&[1.0])).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Captured), "{error}");
    let moved = jit(|x: Tensor| x.to(Device::Cpu(1)));
    assert!(moved.call(&vector(&[1.0])).is_err());
    let wrong = jit(|x: Tensor| x.softmax(7));
    assert!(wrong.call(&vector(&[1.0])).unwrap_err().to_string().contains("softmax"));
}

#[test]
fn lists_of_tensors_and_run_time_dimensions() {
    let traced = Cell::new(0);
    let total = jit(|xs: Vec<Tensor>| {
        traced.set(traced.get() + 1);
        xs.iter().fold(Tensor::from(0.0f32), |sum, x| sum + x.sum(()))
    });
    let sized = |n: usize| Tensor::from_slice(&vec![1.0f32; n], [n]).with_dim(0, "N", 1, 50);
    for n in [1, 8, 50] {
        assert_eq!(total.call(&vec![sized(n), sized(n)]).unwrap().item::<f32>().unwrap(), 2.0 * n as f32);
    }
    assert_eq!(traced.get(), 1);
    assert!(total.call(&vec![sized(3), sized(4)]).is_err(), "one dimension has two sizes");
}
