//! A page that shows how a tensor is computed. What is on it comes from tg-core.

use std::fs;
use std::panic::Location;
use std::path::Path;

use tg_core::compile::{Function, Language};
use tg_core::explore;
use tg_core::ir::Graph;
use tg_core::target::Isa;
use tg_runtime::jit::Compiler;

use crate::compile::caught;
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::with_function;
use crate::tensor::Tensor;

/// Writes a page of the explorer to `path`: one HTML file that shows how `tensor` would be computed on its device by what has
/// elements, from its graph to its kernels. Nothing is computed. Of a tensor that has been, there is only itself to show.
///
/// ```
/// use tg_lazy::{Tensor, explore};
/// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3]);
/// let path = std::env::temp_dir().join("softmax.html");
/// explore(&x.softmax(-1), &path)?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), tg_lazy::Error>(())
/// ```
///
/// # Errors
/// The error that the tensor holds; [`ErrorKind::Runtime`] if the file cannot be written.
#[track_caller]
pub fn explore(tensor: &Tensor, path: impl AsRef<Path>) -> Result<()> {
    let (at, path) = (Location::caller(), path.as_ref());
    let (isa, language) = target(tensor.device()?);
    let look = |graph: &Graph, function: &Function| caught(|| explore::explore(graph, function, isa, language).page());
    let page = with_function([tensor], look)?.map_err(|kind| Error::at(kind, at))?;
    let failed =
        |error| tg_runtime::Error::File { path: path.to_owned(), source: Box::new(tg_runtime::Error::Io(error)) };
    fs::write(path, page).map_err(|error| Error::at(ErrorKind::Runtime(failed(error)), at))
}

/// What kernels for `device` are made for. Where they are interpreted, for the least processor.
fn target(device: Device) -> (Isa, Language) {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(gpu) => (crate::compile::isa_of(gpu), Language::Ptx),
        _ => (Compiler::of_process().map_or(Isa::Baseline, Compiler::isa), Language::C),
    }
}
