//! Wrong calls are errors that name the method and the shapes, and leave everything as it was.

use tg_lazy::{DType, Error, ErrorKind, Tensor, Value, call, zeros};

fn words(tensor: &Tensor) -> String {
    tensor.realize().unwrap_err().to_string()
}

#[test]
fn shapes_that_do_not_fit() {
    let (a, b) = (zeros([2, 3], ()), zeros([2, 3], ()));
    let wrong = a.matmul(&b);
    let text = words(&wrong);
    assert!(text.contains("matmul") && text.contains("(2, 3)") && text.contains("errors.rs:"), "{text}");
    assert_eq!(words(&(wrong.relu() + 1.0)), text, "what follows has the error of the first wrong call");
    assert_eq!(wrong.shape().unwrap_err().to_string(), text);
    assert!(a.matmul(b.transpose((), ())).check().is_ok() || a.matmul(b.permute([1, 0])).check().is_ok());
}

#[test]
fn the_place_is_that_of_the_wrong_call() {
    let a = zeros([2, 3], ());
    let line = line!() + 1;
    let wrong = a.softmax(5);
    let error = (wrong * 2.0).to_vec::<f32>().unwrap_err();
    assert_eq!((error.location().line(), error.location().file()), (line, file!()));
    assert!(error.to_string().contains("softmax"), "{error}");
}

#[test]
fn arguments_of_the_wrong_kind_number_and_dtype() {
    let x = zeros([2, 3], ());
    let cases = [
        (x.softmax(1.5), "argument `axis` must be an integer, got 1.5"),
        (x.reshape([7]), "reshape"),
        (x.cast(3), "argument `dtype` must be a dtype, got 3"),
        (&x + &zeros([2, 3], DType::I32), "add"),
        (x.sum(9), "sum"),
        (x.where_(1, 2), "the condition must be a tensor of bool"),
    ];
    for (wrong, part) in &cases {
        assert!(words(wrong).contains(part), "{}", words(wrong));
    }
    let error = call("sofmax", &[Value::from(&x)]).unwrap_err().to_string();
    assert!(error.contains("did you mean `softmax`"), "{error}");
    assert!(call("relu", &[Value::from(&x), Value::Int(1)]).is_err());
}

#[test]
fn elements_that_are_not_those() {
    let x = zeros([2, 3], ());
    let kind = |error: Error| format!("{:?}", error.kind());
    assert!(kind(x.to_vec::<f64>().unwrap_err()).starts_with("Elements"));
    assert!(kind(x.item::<f32>().unwrap_err()).starts_with("Item"));
    assert!(Tensor::from_slice(&[1.0f32, 2.0], [3]).check().unwrap_err().to_string().contains('3'));
    assert!(Tensor::from_slice::<f32>(&[], [usize::MAX, 8]).check().is_err());
    assert!(kind(x.cast(DType::F8E4M3).realize().unwrap_err()).starts_with("Stored"));
}

#[test]
fn a_wrong_assignment_changes_nothing() {
    let mut w = Tensor::from_slice(&[1.0f32, 2.0], [2]);
    for wrong in [zeros([3], ()), zeros([2], DType::F64), zeros([2], ()).softmax(9)] {
        let error = w.assign(&wrong).unwrap_err().to_string();
        assert!(error.contains("assign") || error.contains("softmax"), "{error}");
    }
    assert_eq!(w.to_vec::<f32>().unwrap(), [1.0, 2.0]);
}

#[test]
fn dimensions_have_one_value() {
    let sized = |n: usize| Tensor::from_slice(&vec![0.0f32; n], [n]).with_dim(0, "N", 1, 10);
    let error = (sized(3) + sized(4)).check().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Dim { values: (3, 4), .. }), "{error}");
    assert!(sized(11).check().is_err());
    assert!(Tensor::from(1.0f32).with_dim(0, "N", 1, 10).check().is_err());
}
