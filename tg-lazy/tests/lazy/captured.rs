//! Functions that are traced once: what would be a trap elsewhere does what it says, or is an error.

use std::cell::{Cell, RefCell};

use tg_lazy::{DType, Device, ErrorKind, Tensor, Value, call, cat, full, grad, jit, uniform, zeros};

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

#[test]
fn results_can_be_arguments_and_others_can_follow() {
    let step = jit(|x: Tensor| (&x + 1.0) * 2.0);
    let three = |first: f32| {
        let last = (0..3).fold(vector(&[first]), |x, _| step.call(&x).unwrap());
        last.item::<f32>().unwrap()
    };
    assert_eq!([three(42.0), three(100.0)], [350.0, 814.0]);
}

#[test]
fn a_result_that_overlaps_its_argument_is_whole() {
    let n = 1 << 10;
    let shifted = jit(|(buffer, new): (Tensor, Tensor)| {
        let next = cat([&buffer.slice([(n / 2, n)]), &new], 0);
        (next.clone(), next.slice([(0, 1)]))
    });
    let mut buffer = zeros([n], DType::I32);
    for round in 0..4 {
        let new = Tensor::from_slice(&vec![round + 1; n as usize / 2], [n as usize / 2]);
        let (next, first) = shifted.call(&(buffer, new)).unwrap();
        assert_eq!(first.item::<i32>().unwrap(), round);
        assert!(next.to_vec::<i32>().unwrap()[..n as usize / 2].iter().all(|x| *x == round));
        buffer = next;
    }
}

#[test]
fn a_function_in_a_function_becomes_a_part_of_it() {
    let inner = jit(|x: Tensor| &x + 1.0);
    let outer = jit(|x: Tensor| inner.call(&x).unwrap_or_else(Tensor::from) * 3.0);
    for x in [1.0, 2.0, 3.0] {
        assert_eq!(outer.call(&vector(&[x])).unwrap().item::<f32>().unwrap(), (x + 1.0) * 3.0);
    }
    assert_eq!(inner.call(&vector(&[1.0])).unwrap().item::<f32>().unwrap(), 2.0);
}

#[test]
fn parts_of_one_tensor_are_arguments_like_any_other() {
    let traced = Cell::new(0);
    let next = jit(|x: Tensor| {
        traced.set(traced.get() + 1);
        &x + 1.0
    });
    let base = vector(&[0.0, 1.0, 2.0, 3.0, 4.0]);
    for start in 0..4 {
        let part = next.call(&base.slice([(start, start + 2)])).unwrap();
        assert_eq!(part.to_vec::<f32>().unwrap(), [start as f32 + 1.0, start as f32 + 2.0]);
    }
    assert_eq!(traced.get(), 1);
}

#[test]
fn what_rust_keeps_in_a_cell_is_read_at_the_first_call() {
    let (factor, double, w) = (Cell::new(1.0), Cell::new(false), RefCell::new(vector(&[1.0])));
    let f = jit(|x: Tensor| {
        let scaled = &x * factor.get() + &*w.borrow();
        if double.get() { &scaled * 2.0 } else { scaled }
    });
    assert_eq!(f.call(&vector(&[10.0])).unwrap().item::<f32>().unwrap(), 11.0);
    factor.set(5.0);
    double.set(true);
    w.borrow_mut().assign(&vector(&[7.0])).unwrap();
    assert_eq!(f.call(&vector(&[10.0])).unwrap().item::<f32>().unwrap(), 11.0);
    let passed = jit(|(x, factor, w): (Tensor, Tensor, Tensor)| &x * &factor + &w);
    for factor in [1.0f32, 5.0] {
        let arguments = (vector(&[10.0]), Tensor::from(factor), w.borrow().clone());
        assert_eq!(passed.call(&arguments).unwrap().item::<f32>().unwrap(), 10.0 * factor + 7.0);
    }
}

#[test]
fn each_model_has_its_own_function() {
    let model = |scale: f32| {
        let scale = vector(&[scale]);
        jit(move |x: Tensor| &x * &scale)
    };
    let (two, three) = (model(2.0), model(3.0));
    for f in [(&two, 10.0), (&three, 15.0), (&two, 10.0)] {
        assert_eq!(f.0.call(&vector(&[5.0])).unwrap().item::<f32>().unwrap(), f.1);
    }
}

#[test]
fn arguments_and_results_that_nothing_computes() {
    let scaled = jit(|(x, y): (Tensor, Tensor)| &x * &y);
    let three = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3]);
    let product = scaled.call(&(three, full(Vec::<i64>::new(), 2.0, ()))).unwrap();
    assert_eq!(product.to_vec::<f32>().unwrap(), [2.0, 4.0, 6.0], "a constant is an argument like any other");
    let w = vector(&[4.0]);
    let kept = jit(|_: Tensor| (w.clone(), zeros([2], ()), Tensor::from(1.5f32)));
    for _ in 0..2 {
        let (w, none, number) = kept.call(&vector(&[1.0])).unwrap();
        assert_eq!(w.item::<f32>().unwrap(), 4.0);
        assert_eq!(none.to_vec::<f32>().unwrap(), [0.0, 0.0]);
        assert_eq!(number.item::<f32>().unwrap(), 1.5);
    }
    let nothing = jit(|_: Vec<Tensor>| Vec::<Tensor>::new());
    assert!(nothing.call(&vec![]).unwrap().is_empty() && nothing.call(&vec![vector(&[1.0])]).unwrap().is_empty());
}

#[test]
fn sizes_that_vary_are_no_numbers_while_a_function_is_traced() {
    let padded = jit(|x: Tensor| match x.shape() {
        Ok(&[size]) => x.pad([(0, 10 - size)]),
        Ok(_) => x,
        Err(error) => error.into(),
    });
    let sized = |n: usize| Tensor::from_slice(&vec![1.0f32; n], [n]);
    for n in [2, 4] {
        let sum = padded.call(&sized(n)).unwrap();
        assert_eq!((sum.shape().unwrap(), sum.sum(()).item::<f32>().unwrap()), (&[10][..], n as f32));
        let error = padded.call(&sized(n).with_dim(0, "N", 1, 10)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Varies { .. }), "{error}");
        assert!(error.to_string().contains("dimension `N`") && error.to_string().contains("captured.rs:"), "{error}");
    }
    let named = jit(|x: Tensor| match call("numel", &[Value::from(&x)]) {
        Ok(Value::Int(count)) => &x * count,
        other => other.map(|_| x).into(),
    });
    assert_eq!(named.call(&sized(3)).unwrap().sum(()).item::<f32>().unwrap(), 9.0);
    let error = named.call(&sized(3).with_dim(0, "N", 1, 10)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Varies { .. }), "{error}");
    let rank = jit(|x: Tensor| x.sum(x.rank().unwrap() as i64 - 1));
    assert_eq!(rank.call(&sized(3).with_dim(0, "N", 1, 10)).unwrap().item::<f32>().unwrap(), 3.0);
}

#[test]
fn random_numbers_are_new_with_each_seed() {
    let noisy = jit(|(x, seed): (Tensor, Tensor)| &x + uniform([3], 0.0, 1.0, seed, ()));
    let of_seed = |seed: u64| noisy.call(&(zeros([3], ()), Tensor::from(seed))).unwrap().to_vec::<f32>().unwrap();
    assert_ne!(of_seed(1), of_seed(2));
    assert_eq!(of_seed(1), of_seed(1));
}

#[test]
fn an_argument_that_is_changed_inside_is_a_copy() {
    let next = jit(|mut x: Tensor| {
        x += 1.0;
        x
    });
    let mut x = vector(&[0.0]);
    for _ in 0..5 {
        let new = next.call(&x).unwrap();
        assert_eq!(x.item::<f32>().unwrap() + 1.0, new.item::<f32>().unwrap());
        x = new;
    }
    assert_eq!(x.item::<f32>().unwrap(), 5.0);
}

#[test]
fn elements_of_arguments_make_no_shapes() {
    let sized = jit(|x: Tensor| match x.sum(()).item::<f32>() {
        Ok(size) => zeros([size as i64], ()),
        Err(error) => error.into(),
    });
    let copied = jit(|x: Tensor| match x.to_vec::<f32>() {
        Ok(elements) => vector(&elements),
        Err(error) => error.into(),
    });
    for f in [&sized.call(&vector(&[1.0, 1.0])), &copied.call(&vector(&[1.0, 1.0]))] {
        assert!(matches!(f.as_ref().unwrap_err().kind(), ErrorKind::Captured));
    }
}

#[test]
fn a_training_step_can_be_traced() {
    let (x, y) = (vector(&[0.0, 1.0, 2.0]), vector(&[1.0, 3.0, 5.0]));
    let step = jit(|(slope, start, rate): (Tensor, Tensor, Tensor)| {
        let (slope, start) = (slope.requires_grad(), start.requires_grad());
        let loss = (&x * &slope + &start - &y).square().mean(());
        let gradients = grad(&loss, [&slope, &start]).expect("both were said to require one");
        let moved = |w: &Tensor, gradient: &Tensor| w - gradient * &rate;
        (moved(&slope, &gradients[0]), moved(&start, &gradients[1]), loss)
    });
    let (mut slope, mut start, mut last) = (Tensor::from(0.0f32), Tensor::from(0.0f32), f32::INFINITY);
    for round in 0..50 {
        let rate = Tensor::from(if round < 25 { 0.2f32 } else { 0.1 });
        let (new_slope, new_start, loss) = step.call(&(slope, start, rate)).unwrap();
        let loss = loss.item::<f32>().unwrap();
        assert!(loss < last, "round {round}: {loss} after {last}");
        (slope, start, last) = (new_slope, new_start, loss);
    }
    assert!((slope.item::<f32>().unwrap() - 2.0).abs() < 0.2);
}
