//! Several devices.

use tg_lazy::{DType, Device, ErrorKind, Tensor, arange, grad, jit, ones};

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
fn what_is_made_of_numbers_is_on_any_device() {
    let there = Tensor::from_slice(&[1.0f32, 2.0], [2]).to(Device::Cpu(1));
    let ones = ones([2], ());
    assert_eq!(ones.to_vec::<f32>().unwrap(), [1.0, 1.0]);
    let sum = &there + &ones + arange(2, ()).cast(DType::F32);
    assert_eq!((sum.device().unwrap(), sum.to_vec::<f32>().unwrap()), (Device::Cpu(1), vec![2.0, 4.0]));
    let again = &ones + 1.0;
    assert_eq!((again.device().unwrap(), again.to_vec::<f32>().unwrap()), (Device::CPU, vec![2.0, 2.0]));
    // The gradient of a sum is made of ones, and is where the sum was.
    let w = there.requires_grad();
    let gradient = grad(&w.sum(()), [&w]).unwrap().remove(0);
    assert_eq!((gradient.device().unwrap(), gradient.to_vec::<f32>().unwrap()), (Device::Cpu(1), vec![1.0, 1.0]));
}

#[test]
fn copies_of_copies_may_be_many() {
    let x = Tensor::from_slice(&[1.0f32, 2.0], [2]);
    let copies = if cfg!(miri) { 50 } else { 20_000 };
    let last = (0..copies).fold(x, |x, number| x.to(Device::Cpu((number + 1) % 2)));
    assert_eq!(last.to_vec::<f32>().unwrap(), [1.0, 2.0]);
}

/// On a GPU, if there is one: a network, its gradients, and a traced function.
#[test]
fn a_gpu_computes_what_the_processor_does() {
    let Ok(gpu) = Device::cuda(0) else {
        assert!(std::env::var_os("TG_REQUIRE_GPU").is_none(), "there is no GPU");
        return println!("skipped: there is no GPU");
    };
    let numbers = |n: usize, seed: f32| (0..n).map(|i| (i as f32 * seed).sin()).collect::<Vec<f32>>();
    let (x, w) =
        (Tensor::from_slice(&numbers(64 * 32, 0.3), [64, 32]), Tensor::from_slice(&numbers(32 * 16, 0.7), [32, 16]));
    let results = |device: Device| {
        let (x, w) = (x.to(device), w.to(device).requires_grad());
        let y = x.matmul(&w).gelu_tanh().softmax(-1);
        let loss = y.square().sum(());
        let gradient = grad(&loss, [&w]).unwrap().remove(0);
        let traced = jit(|(x, w): (Tensor, Tensor)| x.matmul(&w).relu().sum(0));
        let traced = traced.call(&(x.clone(), w.detach())).unwrap();
        [y, gradient, traced].map(|tensor| tensor.to_vec::<f32>().unwrap())
    };
    for (on_gpu, on_cpu) in results(gpu).iter().zip(&results(Device::CPU)) {
        let error = on_gpu.iter().zip(on_cpu).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 1e-5 && on_gpu.len() == on_cpu.len(), "{error}");
    }
}

#[test]
fn tensors_of_two_devices_do_not_meet() {
    let x = Tensor::from_slice(&[1.0f32, 2.0], [2]);
    let error = (&x + x.to(Device::Cpu(1))).check().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Devices { .. }), "{error}");
    assert!(error.to_string().contains("cpu:0") && error.to_string().contains("cpu:1"), "{error}");
}
