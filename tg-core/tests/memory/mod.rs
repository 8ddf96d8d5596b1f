//! Arrays of the interpreter as bytes for kernels, and back. Shared by the tests of several crates.

use tg_core::dtype::{DType, Scalar};
use tg_core::interpret::Array;
use tg_core::ir::{Value, cast};

/// The elements of an array as kernels have them in memory.
pub fn encode(array: &Array) -> Vec<u8> {
    let width = array.dtype.bytes();
    let bits = |v: &Value| match (*v, array.dtype.scalar) {
        (Value::Float(v), Scalar::F32) => (v as f32).to_bits() as i128,
        (Value::Float(v), _) => v.to_bits() as i128,
        (v, _) => v.as_int().expect("an integer"),
    };
    array.data.iter().flat_map(|v| bits(v).to_le_bytes()[..width].to_vec()).collect()
}

/// An element as the interpreter has it.
pub fn decode(bytes: &[u8], dtype: DType) -> Value {
    let mut wide = [0u8; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    match dtype.scalar {
        Scalar::F32 => Value::Float(f32::from_bits(bits as u32) as f64),
        Scalar::F64 => Value::Float(f64::from_bits(bits)),
        // A byte other than 0 and 1 is no bool: it is kept, and found to differ.
        Scalar::Bool if bits > 1 => Value::Int(bits as i128),
        _ => cast(Value::Int(bits as i128), dtype),
    }
}
