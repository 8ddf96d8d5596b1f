//! Tensors and a handwritten program on a GPU. Without one, each test says so and passes; with `TG_REQUIRE_GPU=1` it fails.
#![cfg(feature = "cuda")]

#[path = "gpu/scaled.rs"]
mod scaled;

use scaled::*;
use serde_json::{Value, json};
use tg_runtime::program::{GpuLaunch, GpuProgram, Program};
use tg_runtime::{Const, Device, Dyn, Error, Parameters, Tensor};

/// The first GPU, or the reason why the test is skipped.
fn gpu() -> Option<Device> {
    match Device::cuda(0) {
        Ok(device) => Some(device),
        Err(error) if std::env::var_os("TG_REQUIRE_GPU").is_some() => panic!("TG_REQUIRE_GPU is set, but: {error}"),
        Err(error) => {
            eprintln!("SKIPPED, nothing was tested: {error}");
            None
        }
    }
}

fn numbers(n: usize) -> Vector {
    Tensor::from_vec((0..n).map(|i| (i % 1000) as f32).collect()).expect("a vector")
}

#[test]
fn tensors_go_there_and_back() {
    let Some(device) = gpu() else { return };
    for n in [0, 1, 1000, 1 << 20, (3 << 20) + 5] {
        let host = numbers(n);
        let there = host.to(&device).expect("memory");
        assert_eq!((there.device(), there.dims()), (device, [n]));
        assert!(there.to(&Device::Cpu).expect("a copy") == host, "{n} elements");
        assert!(there.to(&device).expect("a copy").clone().as_slice() == host.as_slice(), "{n} elements");
    }
}

#[test]
fn writing_brings_a_tensor_to_the_processor() {
    let Some(device) = gpu() else { return };
    let mut tensor = Tensor::from([1.0f32, 2.0]).to(&device).expect("memory");
    tensor.as_mut_slice()[0] = 5.0;
    assert_eq!((tensor.device(), tensor.as_slice()), (Device::Cpu, &[5.0, 2.0][..]));
}

#[test]
fn parameters_move_and_stay_where_they_are_when_loaded() {
    let Some(device) = gpu() else { return };
    let mut layers = vec![Tensor::from([1.0f32, 2.0]), Tensor::from([3.0, 4.0])];
    layers.move_to(&device).expect("memory");
    assert_eq!(layers[1].as_slice(), [3.0, 4.0]);
    let bytes: Vec<u8> = [7.0f32, 8.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    layers[1].with_view_mut(|mut view| view.copy_from_bytes(&bytes)).expect("two floats");
    assert_eq!((layers[1].device(), layers[1].as_slice()), (device, &[7.0, 8.0][..]), "no old mirror is read");
}

#[test]
fn kernels_run_and_are_replayed_with_other_arguments() {
    let Some(device) = gpu() else { return };
    let mut total = Tensor::from(0.5f32).to(&device).expect("memory");
    let mut expected = 0.5;
    for (n, by) in [(1000, 2.0), (1000, 2.0), (1000, 3.0), (5, 1.0), (100_000, 4.0), (1000, 2.0)] {
        assert_eq!(total.item(), expected, "what is read is not what was read before");
        let x = numbers(n);
        let y = scaled_sum(&SCALED_SUM, &x.to(&device).expect("memory"), by, &mut total).expect("a result");
        assert_eq!(y.device(), device);
        assert!(y.as_slice().iter().zip(x.as_slice()).all(|(y, x)| *y == x * by + expected), "{n} by {by}");
        expected += by;
    }
}

#[test]
fn threads_call_at_once() {
    let Some(device) = gpu() else { return };
    std::thread::scope(|scope| {
        for user in 1..5 {
            scope.spawn(move || {
                let x = numbers(1 + user * 997);
                let there = x.to(&device).expect("memory");
                for round in 0..100 {
                    let (by, mut total) = (round as f32, Tensor::from(1.0f32).to(&device).expect("memory"));
                    let y = scaled_sum(&SCALED_SUM, &there, by, &mut total).expect("a result");
                    assert!(y.as_slice().iter().zip(x.as_slice()).all(|(y, x)| *y == x * by + 1.0));
                }
            });
        }
    });
}

#[test]
fn arguments_in_different_places_are_an_error() {
    let Some(device) = gpu() else { return };
    let x = numbers(3).to(&device).expect("memory");
    let error = scaled_sum(&SCALED_SUM, &x, 1.0, &mut Tensor::from(0.0f32)).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("`scaled_sum`: argument `x` is on {device} but argument `total` on cpu")),
        "{error}"
    );
}

#[test]
fn too_much_memory_is_an_error_and_the_next_call_works() {
    let Some(device) = gpu() else { return };
    let bytes = 2 << 30;
    let one = Tensor::<u8, (Dyn,)>::zeros_in((Dyn(bytes),)).expect("memory of the host").to(&device).expect("memory");
    let mut held = vec![];
    let error = loop {
        match one.to(&device) {
            Ok(block) => held.push(block),
            Err(error) => break error,
        }
        assert!(held.len() < 1000, "no device has this much");
    };
    assert!(matches!(error, Error::DeviceMemory { bytes: refused, .. } if refused == bytes), "{error}");
    drop(held);
    let mut total = Tensor::from(0.0f32).to(&device).expect("memory");
    let y = scaled_sum(&SCALED_SUM, &numbers(10).to(&device).expect("memory"), 1.0, &mut total).expect("a result");
    assert_eq!(y.as_slice(), numbers(10).as_slice());
}

#[test]
fn kernels_the_device_cannot_have_are_errors() {
    const GREEDY: &[GpuLaunch] = &[GpuLaunch { blocks: &[], threads: 1, shared: 1 << 30, matrix: None }];
    static TOO_SHARED: GpuProgram = compiled(IMAGES, &[kernel("add", ADD.args, GREEDY)]);
    static MALFORMED: GpuProgram = compiled(&[image(80, ".version 7.0 .target sm_80 nonsense")], &[ADD]);
    static OTHERS: GpuProgram = compiled(&[image(1000, PTX)], &[ADD]);
    static PROGRAMS: [Program; 3] = [program("a", &TOO_SHARED), program("b", &MALFORMED), program("c", &OTHERS)];
    let Some(device) = gpu() else { return };
    let x = numbers(3).to(&device).expect("memory");
    let [a, b, c] = [0, 1, 2].map(|at| {
        let mut total = Tensor::from(0.0f32).to(&device).expect("memory");
        scaled_sum(&PROGRAMS[at], &x, 1.0, &mut total).unwrap_err()
    });
    assert!(matches!(a, Error::Exceeds { kernel: "add", needed: 0x4000_0000, .. }), "{a}");
    assert!(matches!(&b, Error::Rejected { function: "b", log, .. } if log.contains("ptxas")), "{b}");
    assert!(matches!(c, Error::NoKernels { function: "c", .. }), "{c}");
}

/// In a process of its own, because it loses the device.
#[test]
fn a_kernel_that_fails_is_an_error_where_it_is_waited_for() {
    static STRAY: GpuProgram = compiled(IMAGES, &[kernel("stray", ADD.args, SINGLE)]);
    static PROGRAM: Program = program("astray", &STRAY);
    let Some(device) = gpu() else { return };
    if std::env::var_os("TG_TEST_LOSES_DEVICE").is_none() {
        let name = "a_kernel_that_fails_is_an_error_where_it_is_waited_for";
        let mut again = std::process::Command::new(std::env::current_exe().expect("a path"));
        let again = again.args([name, "--exact"]).env("TG_TEST_LOSES_DEVICE", "1").output().expect("a process");
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
        return;
    }
    let mut total = Tensor::from(0.0f32).to(&device).expect("memory");
    scaled_sum(&PROGRAM, &numbers(3).to(&device).expect("memory"), 1.0, &mut total).expect("it only starts");
    let error = total.to(&Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), "{error}");
    assert!(device.synchronize().is_err(), "the device is lost for this process");
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let text = Device::cuda(usize::MAX).unwrap_err().to_string();
    let is_known = text.contains("there is no CUDA device") || text.contains("there is no CUDA driver");
    assert!(
        is_known && (text.contains("install") || text.contains("numbered from 0") || text.contains("nvidia-smi")),
        "{text}"
    );
}

#[test]
fn on_the_processor_the_feature_changes_nothing() {
    let mut x = Tensor::<f32, (Const<3>,)>::ones();
    assert_eq!((x.device(), x.address(), x.as_ptr()), (Device::Cpu, x.as_slice().as_ptr(), x.as_slice().as_ptr()));
    assert_eq!(x.address_mut().cast_const(), x.as_ptr());
    assert_eq!(x.to(&Device::Cpu).expect("memory"), x);
    assert_eq!(SCALED_SUM.device(&[]).expect("no tensors"), Device::Cpu);
}

/// In a process of its own, because the environment is read once.
#[test]
fn a_trace_has_kernels_in_their_call_and_copies() {
    let Some(device) = gpu() else { return };
    let file = std::env::temp_dir().join(format!("tg-gpu-profile-{}.json", std::process::id()));
    let name = "a_trace_has_kernels_in_their_call_and_copies";
    if std::env::var_os("TG_PROFILE").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().expect("a path"));
        again.args([name, "--exact", "--nocapture"]).env("TG_PROFILE", &file).env("TG_DEBUG", "2");
        let output = again.output().expect("a process");
        let lines = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{lines}");
        let text = std::fs::read_to_string(&file).expect("a trace");
        std::fs::remove_file(&file).expect("the file was there");
        return check_trace(&serde_json::from_str::<Vec<Value>>(&text).expect("JSON"), &lines, &device);
    }
    let x = numbers(100_000).to(&device).expect("memory");
    let mut total = Tensor::from(0.5f32).to(&device).expect("memory");
    let y = scaled_sum(&SCALED_SUM, &x, 2.0, &mut total).expect("a result");
    assert_eq!(y.clone().as_slice()[..3], [0.5, 2.5, 4.5]);
}

fn check_trace(events: &[Value], lines: &str, device: &Device) {
    let span = |event: &Value| {
        let begin = event["ts"].as_f64().expect("a begin");
        (begin, begin + event["dur"].as_f64().expect("a duration"))
    };
    let of = |category: &str| events.iter().filter(|event| event["cat"] == category).collect::<Vec<_>>();
    let (calls, kernels, copies) = (of("function"), of("kernel"), of("copy"));
    assert!(calls.len() == 1 && kernels.iter().map(|kernel| &kernel["name"]).eq(["scale", "shift", "add"]));
    let (begin, end) = span(calls[0]);
    for kernel in kernels {
        assert!(span(kernel).0 >= begin && span(kernel).1 <= end + 1.0, "{kernel} in {}", calls[0]);
        assert_eq!(kernel["args"]["device"], device.to_string());
        let line = format!("tg scaled_sum {} on {device} ", kernel["name"].as_str().expect("a name"));
        assert!(lines.lines().any(|text| text.starts_with(&line) && text.contains(" % of memory)")), "{lines}");
    }
    let copies: Vec<_> = copies.iter().map(|copy| (copy["name"].clone(), copy["args"]["bytes"].as_f64())).collect();
    let expected = [("to", 400_000.0), ("to", 4.0), ("on", 400_000.0), ("from", 400_000.0)];
    assert_eq!(copies, expected.map(|(way, bytes)| (json!(format!("copy {way} {device}")), Some(bytes))));
}
