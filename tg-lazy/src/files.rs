//! Lazy tensors in files: npy for one, safetensors for several with names. The formats are read and written by tg-runtime.
//!
//! Reading happens at once, and a file that cannot be read is an error at once. Writing computes what is written.

use std::collections::BTreeMap;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use tg_core::dim::Dim;
use tg_runtime::safetensors::{self, Archive};
use tg_runtime::{TensorView, npy};

use crate::data::{Data, Elements};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::realize::realize;
use crate::tensor::Tensor;

/// In and out of files.
impl Tensor {
    /// The array in a `.npy` file, of the type and shape that the file says.
    ///
    /// # Errors
    /// [`ErrorKind::Runtime`] with the path: the file cannot be read, or holds what is no tensor.
    #[track_caller]
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Tensor> {
        Ok(npy::read(path, of_view)?)
    }

    /// The array in the bytes of a `.npy` file.
    ///
    /// # Errors
    /// As [`read_npy`](Tensor::read_npy), without the path.
    ///
    /// ```
    /// use tg_lazy::{DType, Tensor};
    /// let bytes = Tensor::from_slice(&[1u8, 2, 3, 4], [2, 2]).to_npy()?;
    /// let read = Tensor::from_npy(&bytes)?;
    /// assert_eq!((read.dtype()?, read.shape()?), (DType::U8, &[2, 2][..]));
    /// # Ok::<(), tg_lazy::Error>(())
    /// ```
    #[track_caller]
    pub fn from_npy(bytes: &[u8]) -> Result<Tensor> {
        Ok(of_view(npy::Array::parse(bytes)?.view())?)
    }

    /// Writes a `.npy` file, replacing an older one at once.
    ///
    /// # Errors
    /// As [`realize`](Tensor::realize); [`ErrorKind::Runtime`] with the path if it cannot be written, or for `bf16`, which the
    /// format does not have.
    #[track_caller]
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        let data = here(self)?;
        Ok(npy::write(path, data.elements.view(self.shape()?)?)?)
    }

    /// The bytes of a `.npy` file.
    ///
    /// # Errors
    /// As [`write_npy`](Tensor::write_npy), without the path.
    #[track_caller]
    pub fn to_npy(&self) -> Result<Vec<u8>> {
        let data = here(self)?;
        Ok(npy::to_bytes(data.elements.view(self.shape()?)?)?)
    }
}

/// The tensors of a safetensors file, by their names.
///
/// # Errors
/// [`ErrorKind::Runtime`] with the path: the file cannot be read, is malformed, or has a tensor of a type that is none in
/// memory.
#[track_caller]
pub fn load(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>> {
    let at = Location::caller();
    let path = path.as_ref();
    let archive = Archive::read(path)?;
    let tensor = |name: &str| {
        let view = archive.view(name)?;
        let tensor = of_view(view).map_err(|error| Error::at(ErrorKind::Runtime(in_file(error, name, path)), at));
        Some(tensor.map(|tensor| (name.to_owned(), tensor)))
    };
    archive.names().filter_map(tensor).collect()
}

/// Writes tensors with names to a safetensors file, replacing an older one at once. What has to be computed for it is computed
/// together.
///
/// ```
/// use tg_lazy::{Tensor, load, save};
/// let path = std::env::temp_dir().join(format!("tg-lazy-save-{}.safetensors", std::process::id()));
/// let x = Tensor::from_slice(&[1.0f32, 2.0], [2]);
/// save(&path, [("x", &x), ("double", &(&x * 2.0))])?;
/// let read = load(&path)?;
/// assert_eq!(read["double"].to_vec::<f32>()?, [2.0, 4.0]);
/// # drop(std::fs::remove_file(path));
/// # Ok::<(), tg_lazy::Error>(())
/// ```
///
/// # Errors
/// As [`realize`]; [`ErrorKind::Runtime`] with the path if it cannot be written, if two tensors have one name, or one is
/// called `__metadata__`.
#[track_caller]
pub fn save<'t, N: AsRef<str>>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (N, &'t Tensor)>,
) -> Result<()> {
    let tensors: Vec<(N, &Tensor)> = tensors.into_iter().collect();
    realize(tensors.iter().map(|(_, tensor)| *tensor))?;
    let data = tensors.iter().map(|(_, tensor)| here(tensor)).collect::<Result<Vec<_>>>()?;
    let mut views = vec![];
    for ((name, tensor), data) in tensors.iter().zip(&data) {
        views.push((name.as_ref(), data.elements.view(tensor.shape()?)?));
    }
    Ok(safetensors::write(path, &views)?)
}

/// The tensor of what a file has.
fn of_view(view: TensorView<'_>) -> tg_runtime::Result<Tensor> {
    let data = Data { elements: Elements::of_view(view)?, device: Device::CPU };
    let shape = view.dims().iter().map(|size| Dim::from(*size as i64)).collect();
    Ok(Tensor::of_data(Arc::new(data), view.dtype(), shape))
}

/// The elements of `tensor`, computed if they are not, where files are written from.
#[track_caller]
fn here(tensor: &Tensor) -> Result<Arc<Data>> {
    let data = tensor.data()?;
    Ok(if data.device == Device::CPU { data } else { Arc::new(data.to(Device::CPU)?) })
}

/// `error`, of the tensor `name` in the safetensors file at `path`.
fn in_file(error: tg_runtime::Error, name: &str, path: &Path) -> tg_runtime::Error {
    let source = match error {
        tg_runtime::Error::Format { reason, .. } => {
            tg_runtime::Error::Format { format: "safetensors", reason: format!("tensor `{name}`: {reason}") }
        }
        other => other,
    };
    tg_runtime::Error::File { path: path.to_owned(), source: Box::new(source) }
}
