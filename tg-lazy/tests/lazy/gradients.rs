//! Gradients, and networks that learn by them.

use tg_lazy::{ErrorKind, Tensor, grad, realize};

fn vector(elements: &[f32]) -> Tensor {
    Tensor::from_slice(elements, [elements.len()])
}

#[test]
fn a_gradient_can_be_asked_for_after_the_loss_was_computed() {
    let w = vector(&[1.0, 2.0]).requires_grad();
    let hidden = &w * 3.0;
    let loss = hidden.square().sum(());
    assert_eq!(loss.item::<f32>().unwrap(), 45.0);
    hidden.realize().unwrap();
    let again = (&hidden + &w).sum(());
    again.realize().unwrap();
    let gradient = |loss: &Tensor| grad(loss, [&w]).unwrap().remove(0).to_vec::<f32>().unwrap();
    assert_eq!(gradient(&loss), [18.0, 36.0]);
    assert_eq!(gradient(&again), [4.0, 4.0]);
}

#[test]
fn what_requires_no_gradient_gives_an_error() {
    let (w, other) = (vector(&[1.0]), vector(&[1.0]).requires_grad());
    let error = grad(&w.square().sum(()), [&w]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoGradient { .. }), "{error}");
    let error = grad(&w.square().sum(()), [&other]).unwrap_err().to_string();
    assert!(error.contains("does not depend"), "{error}");
    let cut = (other.detach() * 2.0).sum(());
    assert!(grad(&cut, [&other]).is_err());
    assert!(grad(&(&other * vector(&[1.0, 2.0])), [&other]).unwrap_err().to_string().contains("single number"));
}

#[test]
fn a_line_is_fitted() {
    let x = vector(&[0.0, 1.0, 2.0, 3.0]);
    let y = vector(&[1.0, 3.0, 5.0, 7.0]);
    let (mut slope, mut start) = (Tensor::from(0.0f32).requires_grad(), Tensor::from(0.0f32).requires_grad());
    let mut loss = f32::INFINITY;
    let steps = if std::env::var_os(crate::INTERPRETED).is_some() { 60 } else { 200 };
    for _ in 0..steps {
        let error = (&x * &slope + &start - &y).square().mean(());
        let gradients = grad(&error, [&slope, &start]).unwrap();
        slope.assign(&(&slope - &gradients[0] * 0.1)).unwrap();
        start.assign(&(&start - &gradients[1] * 0.1)).unwrap();
        realize([&slope, &start, &error]).unwrap();
        loss = error.item().unwrap();
    }
    assert!(loss < 1e-2, "{loss}");
    assert!((slope.item::<f32>().unwrap() - 2.0).abs() < 0.1);
}
