//! Tensors with their types erased: what files and lists of parameters see of them.

use super::Tensor;
use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result, dims_text};
use crate::shape::{Shape, element_count};
use crate::storage::{Elements, bytes_of};
use tg_core::dtype::DType;

#[cfg(target_endian = "big")]
compile_error!("tg keeps tensors in memory as the little-endian bytes of its files");

/// A borrowed tensor of any type and shape.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    dtype: DType,
    dims: &'a [usize],
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    pub(crate) fn new(dtype: DType, dims: &'a [usize], bytes: &'a [u8]) -> TensorView<'a> {
        TensorView { dtype, dims, bytes }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes.
    pub fn dims(&self) -> &'a [usize] {
        self.dims
    }

    /// The elements, row-major, little-endian.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A borrowed tensor of any type and shape whose elements can be replaced.
pub struct TensorViewMut<'a> {
    dtype: DType,
    dims: &'a [usize],
    elements: &'a mut dyn Replace,
}

/// Elements of any type that can be replaced.
trait Replace {
    fn set_from_le(&mut self, bytes: &[u8]) -> Result<()>;
    fn move_to(&mut self, device: &Device) -> Result<()>;
}

impl<T: Element> Replace for Elements<T> {
    fn set_from_le(&mut self, bytes: &[u8]) -> Result<()> {
        self.replace(&elements_from_le(bytes, self.count())?)
    }

    fn move_to(&mut self, device: &Device) -> Result<()> {
        if self.device() != *device {
            *self = self.to(device)?;
        }
        Ok(())
    }
}

impl TensorViewMut<'_> {
    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes.
    pub fn dims(&self) -> &[usize] {
        self.dims
    }

    /// Replaces the elements by `bytes`: row-major, little-endian. The tensor stays on its device.
    ///
    /// # Errors
    /// [`Error::Format`] if their number is wrong or some are no value of the type; nothing changes then.
    /// [`Error::Cuda`] if the device of the tensor was lost.
    pub fn copy_from_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.elements.set_from_le(bytes)
    }

    /// Moves the tensor to `device`, as [`Tensor::to`] copies it.
    ///
    /// # Errors
    /// As [`Tensor::to`]; the tensor is where it was then.
    pub fn move_to(&mut self, device: &Device) -> Result<()> {
        self.elements.move_to(device)
    }
}

/// Exactly `count` elements from their little-endian bytes.
pub(crate) fn elements_from_le<T: Element>(bytes: &[u8], count: usize) -> Result<Vec<T>> {
    let size = size_of::<T>();
    if count.checked_mul(size) != Some(bytes.len()) {
        let reason = format!("{count} elements of {} take {count} x {size} bytes, got {}", T::DTYPE, bytes.len());
        return Err(Error::format("tensor", reason));
    }
    let elements = bytes.chunks_exact(size).map(T::from_le).collect::<Option<Vec<T>>>();
    elements.ok_or_else(|| Error::format("tensor", format!("a byte pattern is no value of {}", T::DTYPE)))
}

/// Whether `bytes` hold one tensor of this type and shape.
pub(crate) fn check_bytes(dtype: DType, dims: &[usize], bytes: &[u8]) -> Result<()> {
    let expected = element_count(dims).and_then(|n| n.checked_mul(dtype.bytes()));
    if expected != Some(bytes.len()) {
        let reason = format!("{dtype} with shape {} does not take {} bytes", dims_text(dims), bytes.len());
        return Err(Error::format("tensor", reason));
    }
    if dtype.is_bool() && bytes.iter().any(|b| *b > 1) {
        return Err(Error::format("tensor", "a byte other than 0 and 1 is no value of bool"));
    }
    Ok(())
}

impl<T: Element, S: Shape> Tensor<T, S> {
    /// Calls `f` with this tensor, its types erased.
    pub fn with_view<R>(&self, f: impl FnOnce(TensorView<'_>) -> R) -> R {
        let dims = self.dims();
        f(TensorView { dtype: T::DTYPE, dims: dims.as_ref(), bytes: bytes_of(self.as_slice()) })
    }

    /// Calls `f` with this tensor, its types erased, for replacing its elements.
    pub fn with_view_mut<R>(&mut self, f: impl FnOnce(TensorViewMut<'_>) -> R) -> R {
        let dims = self.dims();
        f(TensorViewMut { dtype: T::DTYPE, dims: dims.as_ref(), elements: &mut self.data })
    }

    /// This tensor's elements in other sizes, its types erased.
    ///
    /// # Errors
    /// [`Error::Format`] if `dims` are of another number of elements.
    pub fn view_in<'a>(&'a self, dims: &'a [usize]) -> Result<TensorView<'a>> {
        let bytes = bytes_of(self.as_slice());
        check_bytes(T::DTYPE, dims, bytes)?;
        Ok(TensorView { dtype: T::DTYPE, dims, bytes })
    }

    /// A tensor with these sizes from the bytes of its elements: row-major, little-endian.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sizes are not those of the type; [`Error::Format`] if the number of bytes is wrong or some are no
    /// value of the type; [`Error::OutOfMemory`].
    pub fn from_le(dims: &[usize], bytes: &[u8]) -> Result<Self> {
        let shape = S::from_dims(dims)?;
        check_bytes(T::DTYPE, dims, bytes)?;
        Self::from_slice_in(shape, &elements_from_le(bytes, bytes.len() / size_of::<T>())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Const;

    #[test]
    fn bytes_go_out_and_in() {
        let a = Tensor::from([[1.5f32, -2.0]]);
        let mut b = Tensor::<f32, (Const<1>, Const<2>)>::zeros();
        a.with_view(|from| b.with_view_mut(|mut to| to.copy_from_bytes(from.bytes()))).unwrap();
        assert_eq!(a, b);
        assert!(b.with_view_mut(|mut to| to.copy_from_bytes(&[0; 7])).is_err());
        assert_eq!(a, b);
        assert_eq!(a.view_in(&[2, 1, 1]).unwrap().dims(), [2, 1, 1]);
        assert!(a.view_in(&[3]).unwrap_err().to_string().contains("(3) does not take 8 bytes"));
    }

    #[test]
    fn bytes_that_are_no_bool_are_refused() {
        let mut flags = Tensor::from([true, false]);
        assert!(flags.with_view_mut(|mut to| to.copy_from_bytes(&[0, 2])).is_err());
        assert_eq!(flags.as_slice(), [true, false]);
        assert!(check_bytes(DType::BOOL, &[2], &[0, 2]).is_err());
        assert!(check_bytes(DType::F32, &[usize::MAX, 2], &[0, 2]).is_err());
    }
}
