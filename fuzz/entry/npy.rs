//! Any bytes as a `.npy` file: an error, or a tensor that a file which is written of it gives again.

use tg_runtime::{Dyn, Element, Shape, Tensor};

/// Reads `bytes` as arrays of several types and ranks; returns whether one of them fits.
pub fn npy(bytes: &[u8]) -> bool {
    [
        read::<f32, (Dyn, Dyn)>(bytes),
        read::<f64, (Dyn, Dyn, Dyn)>(bytes),
        read::<bool, (Dyn,)>(bytes),
        read::<u8, (Dyn,)>(bytes),
        read::<i64, ()>(bytes),
    ]
    .contains(&true)
}

fn read<T: Element, S: Shape>(bytes: &[u8]) -> bool {
    let Ok(tensor) = Tensor::<T, S>::from_npy(bytes) else { return false };
    let written = tensor.to_npy().expect("the format has the types above");
    let again = Tensor::<T, S>::from_npy(&written).expect("what is written can be read");
    assert_eq!(again.dims(), tensor.dims());
    // Of bytes, for a NaN equals nothing.
    assert_eq!(again.to_npy().expect("as before"), written);
    let elements = size_of::<T>() * tensor.len();
    assert_eq!(written[written.len() - elements..], bytes[bytes.len() - elements..]);
    true
}
