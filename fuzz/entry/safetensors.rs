//! Any bytes as a safetensors file: an error, or named tensors that a file which is written of them gives again.

use tg_runtime::safetensors::{Archive, to_bytes};
use tg_runtime::{Dyn, Element, TensorView};

/// Returns whether `bytes` are such a file.
pub fn safetensors(bytes: &[u8]) -> bool {
    let Ok(archive) = Archive::parse(bytes.to_vec()) else { return false };
    let written = to_bytes(&tensors(&archive)).expect("names that differ");
    let again = Archive::parse(written.clone()).expect("what is written can be read");
    let described = |a: &Archive| tensors(a).iter().map(|(name, view)| format!("{name} {view:?}")).collect::<Vec<_>>();
    assert_eq!(described(&again), described(&archive));
    assert_eq!(to_bytes(&tensors(&again)).expect("as before"), written);
    for (name, view) in tensors(&archive) {
        let fits = view.dtype() == f32::DTYPE && view.dims().len() == 2;
        assert_eq!(archive.tensor::<f32, (Dyn, Dyn)>(name).is_ok(), fits, "{name}");
        // Which bytes are truth values is for the tensor to say.
        drop(archive.tensor::<bool, (Dyn,)>(name));
    }
    true
}

fn tensors(archive: &Archive) -> Vec<(&str, TensorView<'_>)> {
    archive.names().filter_map(|name| Some((name, archive.view(name)?))).collect()
}
