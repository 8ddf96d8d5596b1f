//! Files with any one byte changed: reading them returns, with a tensor or an error, and never panics.

use tg_runtime::safetensors::{Archive, write};
use tg_runtime::{Const, Dyn, Tensor};

type Matrix = Tensor<f32, (Dyn, Const<2>)>;

/// Calls `read` with `file` after each change of one byte; returns how many were refused.
fn refused(file: &[u8], read: impl Fn(Vec<u8>) -> bool) -> usize {
    let changes = (0..file.len()).flat_map(|at| [0, 1, b'0', b'9', b'"', b'}', 127, 255].map(|byte| (at, byte)));
    let changed = changes.map(|(at, byte)| {
        let mut bytes = file.to_vec();
        bytes[at] = byte;
        bytes
    });
    changed.filter(|bytes| !read(bytes.clone())).count()
}

#[test]
fn npy() {
    let file = Matrix::ones_in((Dyn(2), Const)).expect("memory").to_npy().expect("f32 has a name");
    assert!(Matrix::from_npy(&file).is_ok());
    assert!(refused(&file, |bytes| Matrix::from_npy(&bytes).is_ok()) > 300);
}

#[test]
fn idx() {
    let file = [0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(Matrix::from_idx(&file).is_ok());
    assert!(refused(&file, |bytes| Matrix::from_idx(&bytes).is_ok()) > 70);
}

#[test]
fn safetensors() {
    let path = std::env::temp_dir().join(format!("tg-malformed-{}.safetensors", std::process::id()));
    let tensor = Tensor::from([[1.0f32, 2.0]]);
    tensor.with_view(|view| write(&path, &[("w", view)])).expect("a writable folder");
    let file = std::fs::read(&path).expect("it was just written");
    std::fs::remove_file(&path).expect("it was just written");
    let read = |bytes: Vec<u8>| Archive::parse(bytes).and_then(|a| a.tensor::<f32, (Dyn, Const<2>)>("w")).is_ok();
    assert!(read(file.clone()));
    assert!(refused(&file, read) > 300);
}

/// Offsets that sum to 2^64 and more.
#[test]
fn safetensors_with_offsets_beyond_memory() {
    let step = (1u64 << 61) - 1;
    let row = |i: u64| {
        format!("\"{i}\":{{\"dtype\":\"U8\",\"shape\":[{step}],\"data_offsets\":[{},{}]}}", i * step, (i + 1) * step)
    };
    let header = format!("{{{}}}", (0..8).map(row).collect::<Vec<_>>().join(","));
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 64]].concat();
    assert!(Archive::parse(bytes).is_err());
}

#[test]
fn mnist_labels_and_images() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist");
    let images = Tensor::<u8, (Dyn, Const<28>, Const<28>)>::read_idx(format!("{folder}/test-images-idx3-ubyte.gz"));
    let labels =
        Tensor::<u8, (Dyn,)>::read_idx(format!("{folder}/test-labels-idx1-ubyte.gz")).expect("the file is there");
    assert_eq!(images.expect("the file is there").dims()[0], labels.len());
    assert!(labels.as_slice().iter().all(|label| *label < 10));
    let wrong = Tensor::<u8, (Dyn,)>::read_idx(format!("{folder}/test-images-idx3-ubyte.gz")).unwrap_err();
    assert!(wrong.to_string().contains("expected shape (_), got (2000, 28, 28)"), "{wrong}");
}
