//! Several devices.

use tg_lazy::{Device, ErrorKind, Tensor};

#[test]
fn tensors_are_copied_when_needed_and_computed_where_they_are() {
    let x = Tensor::from_slice(&[1.0f32, 2.0], [2]);
    let there = (&x + 1.0).to(Device::Cpu(1));
    assert!(!there.is_realized());
    let result = &there * 2.0;
    assert_eq!(result.device().unwrap(), Device::Cpu(1));
    assert_eq!(result.to_vec::<f32>().unwrap(), [4.0, 6.0]);
    let back = result.to(Device::CPU) + &x;
    assert_eq!(back.to_vec::<f32>().unwrap(), [5.0, 8.0]);
    assert!(there.is_realized());
}

#[test]
fn tensors_of_two_devices_do_not_meet() {
    let x = Tensor::from_slice(&[1.0f32, 2.0], [2]);
    let error = (&x + x.to(Device::Cpu(1))).check().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Devices { .. }), "{error}");
    assert!(error.to_string().contains("cpu:0") && error.to_string().contains("cpu:1"), "{error}");
}
