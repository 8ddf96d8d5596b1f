//! Tensors go to files and come back as they were, whatever their type; what cannot says which file it was.

use std::path::PathBuf;

use tg_lazy::{DType, Tensor, Typed, load, save, zeros};
use tg_runtime::{bf16, f16};

/// A folder of its own for a test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tg-lazy-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn same<T: Typed>(read: &Tensor, written: &Tensor) {
    assert_eq!(read.dtype().unwrap(), T::DTYPE);
    assert_eq!(read.shape().unwrap(), written.shape().unwrap());
    assert_eq!(read.to_vec::<T>().unwrap(), written.to_vec::<T>().unwrap());
}

/// Six elements in [2, 3], through both formats and through bytes.
fn round_trip<T: Typed>(elements: [T; 6]) {
    let folder = Folder::new(&format!("round-{}", T::DTYPE));
    let x = Tensor::from_slice(&elements, [2, 3]).permute([1, 0]);
    save(folder.path("x.safetensors"), [("x", &x)]).unwrap();
    same::<T>(&load(folder.path("x.safetensors")).unwrap()["x"], &x);
    let bytes = x.to_npy();
    if T::DTYPE == DType::BF16 {
        assert!(bytes.unwrap_err().to_string().contains("use safetensors"));
        return;
    }
    same::<T>(&Tensor::from_npy(&bytes.unwrap()).unwrap(), &x);
    x.write_npy(folder.path("x.npy")).unwrap();
    same::<T>(&Tensor::read_npy(folder.path("x.npy")).unwrap(), &x);
}

#[test]
fn every_type_comes_back_as_it_was() {
    round_trip([0.5, -1.0, 2.0, 3.0, f32::INFINITY, 5.5].map(f16::from_f32));
    round_trip([0.5, -1.0, 2.0, 3.0, f32::INFINITY, 5.5].map(bf16::from_f32));
    round_trip([0.1f32, -1.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, 5.5]);
    round_trip([0.1f64, -1.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, 5.5]);
    round_trip([i8::MIN, -1, 0, 1, 2, i8::MAX]);
    round_trip([i16::MIN, -1, 0, 1, 2, i16::MAX]);
    round_trip([i32::MIN, -1, 0, 1, 2, i32::MAX]);
    round_trip([i64::MIN, -1, 0, 1, 2, i64::MAX]);
    round_trip([0u8, 1, 2, 3, 4, u8::MAX]);
    round_trip([0u16, 1, 2, 3, 4, u16::MAX]);
    round_trip([0u32, 1, 2, 3, 4, u32::MAX]);
    round_trip([0u64, 1, 2, 3, 4, u64::MAX]);
    round_trip([true, false, false, true, true, false]);
}

#[test]
fn files_are_those_of_typed_tensors() {
    let folder = Folder::new("typed");
    let typed = tg_runtime::Tensor::from([[1.5f32, 2.5], [3.5, 4.5]]);
    typed.write_npy(folder.path("a.npy")).unwrap();
    let lazy = Tensor::read_npy(folder.path("a.npy")).unwrap();
    same::<f32>(&lazy, &Tensor::from(typed.clone()));
    assert_eq!(lazy.to_npy().unwrap(), typed.to_npy().unwrap());
}

#[test]
fn scalars_empty_tensors_and_names() {
    let folder = Folder::new("names");
    let (one, none, sum) = (Tensor::from(2.5f64), zeros([0, 3], DType::I32), zeros([2, 2], ()) + 1.0);
    let named = [("layer.0 \"w\"", &one), ("none", &none), ("sum", &sum)];
    save(folder.path("all"), named).unwrap();
    assert!(sum.is_realized(), "what is written is computed");
    let read = load(folder.path("all")).unwrap();
    assert_eq!(read.keys().map(String::as_str).collect::<Vec<_>>(), ["layer.0 \"w\"", "none", "sum"]);
    same::<f64>(&read["layer.0 \"w\""], &one);
    same::<i32>(&read["none"], &none);
    same::<f32>(&read["sum"], &sum);
    for tensor in [&one, &none] {
        let back = Tensor::from_npy(&tensor.to_npy().unwrap()).unwrap();
        assert_eq!(back.shape().unwrap(), tensor.shape().unwrap());
    }
    let many = Tensor::from_slice(&[1.0f32], vec![1; 30_000]);
    assert!(many.to_npy().unwrap_err().to_string().contains("30000 dimensions"));
}

#[test]
fn errors_name_the_file_and_the_call() {
    let folder = Folder::new("wrong");
    let (missing, broken) = (folder.path("no").join("missing"), folder.path("broken"));
    std::fs::write(&broken, b"\x93NUMPY\x01\x00").unwrap();
    let x = Tensor::from(1.0f32);
    let outcomes = [
        (Tensor::read_npy(&missing).map(drop), &missing),
        (load(&missing).map(drop), &missing),
        (x.write_npy(&missing), &missing),
        (save(&missing, [("x", &x)]), &missing),
        (Tensor::read_npy(&broken).map(drop), &broken),
        (load(&broken).map(drop), &broken),
        (save(&broken, [("x", &x), ("x", &x)]), &broken),
    ];
    for (outcome, path) in outcomes {
        let text = outcome.unwrap_err().to_string();
        assert!(text.contains(path.to_str().unwrap()) && text.contains("files.rs:"), "{text}");
    }
    let wrong = x.softmax(3);
    assert!(save(folder.path("x"), [("x", &wrong)]).unwrap_err().to_string().contains("softmax"));
    assert!(!folder.path("x").exists());
}

#[test]
fn a_type_that_is_none_in_memory_is_named() {
    let folder = Folder::new("narrow");
    let header = "{\"scale\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0, 0]].concat();
    std::fs::write(folder.path("f8"), bytes).unwrap();
    let text = load(folder.path("f8")).unwrap_err().to_string();
    assert!(text.contains("f8: not a valid safetensors file: tensor `scale`"), "{text}");
    assert!(text.contains("e4m3") && text.contains("files.rs:"), "{text}");
    let header = "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }";
    let bytes = [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    assert!(Tensor::from_npy(&bytes).unwrap_err().to_string().contains("its elements are `<c8`"));
}
