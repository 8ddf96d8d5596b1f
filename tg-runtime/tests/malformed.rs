//! Files that are cut off or changed anywhere: reading them returns, with a tensor or an error, and never panics; what is read
//! is written, and read again, unchanged. The same functions run under `cargo fuzz`.

#[path = "../../fuzz/entry/npy.rs"]
mod npy;
#[path = "../../fuzz/entry/safetensors.rs"]
mod safetensors;

use npy::npy;
use safetensors::safetensors;
use tg_runtime::safetensors::Archive;
use tg_runtime::{Const, Dyn, Tensor};

type Matrix = Tensor<f32, (Dyn, Const<2>)>;

macro_rules! seeds {
    ($folder:literal: $($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../../fuzz/seeds/", $folder, "/", $name, ".", $folder)).as_slice())),*]
    };
}

/// Calls `read` with `file` cut off anywhere, and after each change of one byte; returns how many were refused.
fn refused(file: &[u8], read: impl Fn(&[u8]) -> bool) -> usize {
    let cut = (0..file.len()).map(|end| file[..end].to_vec());
    let changes = (0..file.len()).flat_map(|at| [0, 1, b'0', b'9', b'"', b'}', 127, 255].map(|byte| (at, byte)));
    let changed = changes.map(|(at, byte)| {
        let mut bytes = file.to_vec();
        bytes[at] = byte;
        bytes
    });
    cut.chain(changed).filter(|bytes| !read(bytes)).count()
}

#[test]
fn npy_files() {
    for (name, seed) in seeds!["npy": "matrix" "truth" "scalar" "empty" "version_3"] {
        assert!(npy(seed), "{name}");
        // Whatever is cut off is missing, and most bytes of the header say something.
        assert!(refused(seed, npy) > seed.len() + 250, "{name}");
    }
    for (name, seed) in seeds!["npy": "fortran" "big_endian" "fields"] {
        assert!(!npy(seed), "{name}");
        refused(seed, npy);
    }
}

#[test]
fn safetensors_files() {
    for (name, seed) in seeds!["safetensors": "several" "one" "none"] {
        assert!(safetensors(seed), "{name}");
        assert!(refused(seed, safetensors) > 3 * seed.len(), "{name}");
    }
}

#[test]
fn idx() {
    let file = [0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(Matrix::from_idx(&file).is_ok());
    assert!(refused(&file, |bytes| Matrix::from_idx(bytes).is_ok()) > 70);
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
