//! Tensors: owned, contiguous, row-major arrays of elements with a typed shape.
//!
//! They hold data and convert it; they do not compute. Computing is for tensor functions.

mod arrays;
mod print;
mod random;
mod view;

#[doc(hidden)]
pub use print::print;
pub(crate) use view::check_bytes;
pub use view::{TensorView, TensorViewMut};

use std::alloc::handle_alloc_error;

use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::shape::{Shape, StaticShape};
use crate::storage::{Elements, Packs};

/// An owned array of elements `T` with shape `S`, contiguous in row-major order.
///
/// `Tensor<f32>` is a scalar, `Tensor<f32, (Const<2>, Const<3>)>` a matrix of known size,
/// `Tensor<f32, (Dyn, Const<784>)>` a batch of any size. Cloning copies the elements.
#[derive(Clone)]
pub struct Tensor<T: Element, S: Shape = ()> {
    shape: S,
    data: Elements<T>,
}

/// Without a caller to report to, memory that is not there ends the process, as for `Vec`.
fn or_abort<T: Element, S: StaticShape>(tensor: Result<Tensor<T, S>>) -> Tensor<T, S> {
    tensor.unwrap_or_else(|_| {
        handle_alloc_error(std::alloc::Layout::array::<T>(S::ELEMENTS).unwrap_or(std::alloc::Layout::new::<T>()))
    })
}

impl<T: Element, S: StaticShape> Tensor<T, S> {
    /// All zeros (`false`).
    pub fn zeros() -> Self {
        let _fits_usize = S::ELEMENTS;
        or_abort(Self::zeros_in(S::SHAPE))
    }

    /// All ones (`true`).
    pub fn ones() -> Self {
        Self::full(T::ONE)
    }

    /// `value` everywhere.
    pub fn full(value: T) -> Self {
        let _fits_usize = S::ELEMENTS;
        or_abort(Self::full_in(S::SHAPE, value))
    }
}

impl<T: Element, S: Shape> Tensor<T, S> {
    /// All zeros (`false`), in a shape with run-time dimensions.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn zeros_in(shape: S) -> Result<Self> {
        Ok(Tensor { shape, data: Elements::zeroed(Self::elements_of(shape)?)? })
    }

    /// `value` everywhere, in a shape with run-time dimensions.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn full_in(shape: S, value: T) -> Result<Self> {
        Ok(Tensor { shape, data: Elements::filled(Self::elements_of(shape)?, value)? })
    }

    /// All ones (`true`), in a shape with run-time dimensions.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    pub fn ones_in(shape: S) -> Result<Self> {
        Self::full_in(shape, T::ONE)
    }

    /// Memory for a result, not yet written.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::OutOfMemory`].
    ///
    /// # Safety
    /// The caller writes every element through [`Tensor::as_mut_ptr`] before anything reads the tensor.
    #[doc(hidden)]
    pub unsafe fn unwritten_in(shape: S) -> Result<Self> {
        // SAFETY: the caller promises to write before anything reads.
        let data = unsafe { Elements::unwritten(Self::elements_of(shape)?)? };
        Ok(Tensor { shape, data })
    }

    fn elements_of(shape: S) -> Result<usize> {
        let too_large = || Error::TooLarge { dims: shape.dims().as_ref().to_vec(), dtype: T::DTYPE };
        shape.elements().filter(|n| *n <= isize::MAX as usize / size_of::<T>() - 64).ok_or_else(too_large)
    }

    /// A copy of `elements`, row-major; one run-time dimension follows from their number.
    ///
    /// # Errors
    /// [`Error::Length`] if their number does not fit the shape, [`Error::Ambiguous`] if several
    /// dimensions are open ([`Tensor::from_slice_in`] takes them), [`Error::OutOfMemory`].
    pub fn from_slice(elements: &[T]) -> Result<Self> {
        Ok(Tensor { shape: S::for_elements(elements.len())?, data: Elements::copied(elements)? })
    }

    /// [`Tensor::from_slice`] for a `Vec`; its elements move to aligned memory.
    ///
    /// # Errors
    /// As [`Tensor::from_slice`].
    pub fn from_vec(elements: Vec<T>) -> Result<Self> {
        Self::from_slice(&elements)
    }

    /// A copy of `elements`, row-major, in `shape`.
    ///
    /// # Errors
    /// [`Error::Length`] if their number is not that of the shape, [`Error::OutOfMemory`].
    pub fn from_slice_in(shape: S, elements: &[T]) -> Result<Self> {
        let expected = Self::elements_of(shape)?;
        if expected != elements.len() {
            let shape = crate::error::dims_text(shape.dims().as_ref());
            return Err(Error::Length { shape, expected: Some(expected), got: elements.len() });
        }
        Ok(Tensor { shape, data: Elements::copied(elements)? })
    }

    /// [`Tensor::from_slice_in`] for a `Vec`.
    ///
    /// # Errors
    /// As [`Tensor::from_slice_in`].
    pub fn from_vec_in(shape: S, elements: Vec<T>) -> Result<Self> {
        Self::from_slice_in(shape, &elements)
    }

    /// The shape.
    pub fn shape(&self) -> S {
        self.shape
    }

    /// The size of each dimension, as an array `[usize; RANK]`.
    pub fn dims(&self) -> S::Dims {
        self.shape.dims()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.count()
    }

    /// Whether a dimension is 0, so that there are no elements.
    pub fn is_empty(&self) -> bool {
        self.data.count() == 0
    }

    /// Where it is. A tensor is made on the CPU.
    pub fn device(&self) -> Device {
        self.data.device()
    }

    /// A copy on `device`. From one GPU to another it takes the way over the CPU.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::DeviceMemory`]; [`Error::Cuda`] if a kernel failed before, or the device was
    /// lost.
    pub fn to(&self, device: &Device) -> Result<Self> {
        Ok(Tensor { shape: self.shape, data: self.data.to(device)? })
    }

    /// The tensor on `device`: itself if it is there, else as [`Tensor::to`] copies it.
    ///
    /// # Errors
    /// As [`Tensor::to`].
    pub fn into_device(self, device: &Device) -> Result<Self> {
        if self.device() == *device { Ok(self) } else { self.to(device) }
    }

    /// The elements, row-major. Those of a tensor on a GPU are copied to the CPU when they are first read, as in every
    /// method that reads: this waits until they are computed.
    ///
    /// # Panics
    /// If a kernel failed on the GPU, or it was lost, or the CPU has no memory for the copy; [`Tensor::to`] gives that
    /// as an error. Never for a tensor on the CPU.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The elements, row-major, for writing. A tensor on a GPU moves to the CPU.
    ///
    /// # Panics
    /// As [`Tensor::as_slice`].
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The elements, row-major, as a `Vec`.
    pub fn to_vec(&self) -> Vec<T> {
        self.data.to_vec()
    }

    /// The elements, row-major, as a `Vec`.
    pub fn into_vec(self) -> Vec<T> {
        self.to_vec()
    }

    /// The first element, for kernels; 64-byte aligned.
    /// That of a tensor on a GPU is of its copy on the CPU, as for [`Tensor::as_slice`].
    pub fn as_ptr(&self) -> *const T {
        self.data.start()
    }

    /// The first element, for kernels that write; 64-byte aligned. After a call of a tensor function it has to be asked for
    /// anew before more is written: that drops what was kept of the old elements.
    /// A tensor on a GPU moves to the CPU, as for [`Tensor::as_mut_slice`].
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.data.start_mut()
    }

    /// A copy of some rows, which are the parts along the first axis, in the order given: a batch. The result has
    /// their elements in any shape, so that images can come out flattened.
    ///
    /// # Errors
    /// [`Error::Row`] for a row that is not there, [`Error::Length`] or [`Error::Ambiguous`] if the elements do not
    /// fit the shape of the result, [`Error::OutOfMemory`].
    pub fn select_rows<R: Shape>(&self, rows: impl IntoIterator<Item = usize>) -> Result<Tensor<T, R>> {
        let count = self.dims().as_ref().first().copied().unwrap_or(0);
        let size = self.len().checked_div(count).unwrap_or(0);
        let mut elements = Vec::new();
        for row in rows {
            let part = (row < count).then(|| &self.data[row * size..(row + 1) * size]);
            elements.extend_from_slice(part.ok_or(Error::Row { row, rows: count })?);
        }
        Tensor::from_vec(elements)
    }

    /// The same tensor under another shape type of the same sizes: between [`Dyn`](crate::Dyn) and
    /// [`Const`](crate::Const). Nothing is copied.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sizes do not fit.
    pub fn into_shape<R: Shape>(self) -> Result<Tensor<T, R>> {
        Ok(Tensor { shape: R::from_dims(self.dims().as_ref())?, data: self.data })
    }

    /// The same elements in order under other sizes, one of which may follow from the rest. Nothing is copied.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::Ambiguous`] if the number of elements does not determine the sizes.
    pub fn into_reshaped<R: Shape>(self) -> Result<Tensor<T, R>> {
        Ok(Tensor { shape: R::for_elements(self.len())?, data: self.data })
    }
}

/// What kernels on any device get.
impl<T: Element, S: Shape> Tensor<T, S> {
    /// Memory for a result on `device`, not yet written.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`], [`Error::DeviceMemory`], [`Error::Cuda`].
    ///
    /// # Safety
    /// The caller lets the device write every element before anything reads the tensor.
    #[doc(hidden)]
    pub unsafe fn unwritten_at(device: &Device, shape: S) -> Result<Self> {
        match device {
            // SAFETY: the caller promises to write before anything reads.
            Device::Cpu => unsafe { Self::unwritten_in(shape) },
            #[cfg(feature = "cuda")]
            // SAFETY: as above.
            Device::Cuda(gpu) => unsafe { Self::unwritten_on(*gpu, shape) },
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => Err(Error::NotCompiled { feature: "cuda" }),
        }
    }

    /// Memory for a result on a GPU, not yet written.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::DeviceMemory`], [`Error::Cuda`].
    ///
    /// # Safety
    /// The caller lets the device write every element before anything reads the tensor.
    #[cfg(feature = "cuda")]
    pub(crate) unsafe fn unwritten_on(gpu: crate::cuda::Cuda, shape: S) -> Result<Self> {
        // SAFETY: the caller promises to write before anything reads.
        let data = unsafe { Elements::unwritten_on(gpu, Self::elements_of(shape)?)? };
        Ok(Tensor { shape, data })
    }

    /// The first element, in the memory of its device.
    #[doc(hidden)]
    pub fn address(&self) -> *const T {
        self.data.address()
    }

    /// Where kernels on the CPU keep copies of the elements.
    #[doc(hidden)]
    pub fn packs(&self) -> Option<&Packs> {
        self.data.packs()
    }

    /// The first element, in the memory of its device, for writing.
    #[doc(hidden)]
    pub fn address_mut(&mut self) -> *mut T {
        self.data.address_mut()
    }
}

impl<T: Element> Tensor<T> {
    /// The value of a scalar.
    pub fn item(&self) -> T {
        self.data[0]
    }
}

impl<T: Element, S: StaticShape> Default for Tensor<T, S> {
    /// All zeros (`false`).
    fn default() -> Self {
        Self::zeros()
    }
}

impl<T: Element, S: Shape> PartialEq for Tensor<T, S> {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.as_slice() == other.as_slice()
    }
}

/// The type of a tensor, written as in a tensor function: element type, then sizes. A number is a known size, `_` a
/// size known at run time, a name a type that is a [`Dim`](crate::Dim), and `{N}` a constant expression.
///
/// ```
/// use tg_runtime::{Const, Dyn, Tensor};
/// let scalar: Tensor!(f32) = 1.0.into();
/// let matrix: Tensor!(f32, 2, 3) = Tensor::<f32, (Const<2>, Const<3>)>::ones();
/// let batch: Tensor!(u8, _, 784) = Tensor::<u8, (Dyn, Const<784>)>::zeros_in((Dyn(32), Const))?;
/// # Ok::<(), tg_runtime::Error>(())
/// ```
#[macro_export]
macro_rules! Tensor {
    ($element:ty) => { $crate::Tensor<$element, ()> };
    ($element:ty, $($sizes:tt)+) => { $crate::Tensor!(@ $element; []; $($sizes)+) };
    (@ $element:ty; [$($dims:ty,)*];) => { $crate::Tensor<$element, ($($dims,)*)> };
    (@ $element:ty; [$($dims:ty,)*]; _ $(, $($rest:tt)*)?) => {
        $crate::Tensor!(@ $element; [$($dims,)* $crate::Dyn,]; $($($rest)*)?)
    };
    (@ $element:ty; [$($dims:ty,)*]; $size:literal $(, $($rest:tt)*)?) => {
        $crate::Tensor!(@ $element; [$($dims,)* $crate::Const<$size>,]; $($($rest)*)?)
    };
    (@ $element:ty; [$($dims:ty,)*]; $size:block $(, $($rest:tt)*)?) => {
        $crate::Tensor!(@ $element; [$($dims,)* $crate::Const<$size>,]; $($($rest)*)?)
    };
    (@ $element:ty; [$($dims:ty,)*]; $dim:ty $(, $($rest:tt)*)?) => {
        $crate::Tensor!(@ $element; [$($dims,)* $dim,]; $($($rest)*)?)
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Const, Dim, Dyn};

    #[test]
    fn types_are_written_as_in_tensor_functions() {
        fn first<N: Dim, const M: usize>(rows: &Tensor!(u8, N, { M }, _, 3,)) -> [usize; 4] {
            rows.dims()
        }
        let rows: Tensor!(u8, 2, 1, _, 3) = Tensor::from_slice(&[0; 12]).unwrap();
        assert_eq!(first(&rows), [2, 1, 2, 3]);
        let scalar: Tensor!(i64) = Tensor::default();
        assert_eq!(scalar.item(), 0);
    }

    #[test]
    fn rows_make_batches() {
        let images = Tensor::from([[[1u8, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]);
        let batch: Tensor!(u8, 2, 4) = images.select_rows([2, 0]).unwrap();
        assert_eq!(batch, [[9, 10, 11, 12], [1, 2, 3, 4]].into());
        let error = images.select_rows::<(Dyn, Const<4>)>(2..4).unwrap_err().to_string();
        assert_eq!(error, "there is no row 3: the tensor has 3 along its first axis");
        assert!(matches!(images.select_rows::<(Const<2>, Const<4>)>(0..3), Err(Error::Length { .. })));
        assert!(matches!(Tensor::from(1.0f32).select_rows::<(Dyn,)>([0]), Err(Error::Row { rows: 0, .. })));
        let empty = Tensor::<f32, _>::zeros_in((Dyn(0), Const::<3>)).unwrap();
        assert!(empty.select_rows::<(Dyn, Const<3>)>([]).unwrap().is_empty());
    }

    type Matrix = Tensor<f32, (Const<2>, Const<3>)>;

    #[test]
    fn construction_and_access() {
        let m = Matrix::from_vec(vec![1., 2., 3., 4., 5., 6.]).unwrap();
        assert_eq!(m.dims(), [2, 3]);
        assert_eq!(m.to_vec(), m.clone().into_vec());
        assert_eq!(Matrix::ones(), Matrix::full(1.0));
        assert_ne!(Matrix::ones(), Matrix::zeros());
        assert_eq!(Tensor::<i32>::full(7).item(), 7);
        assert_eq!(Tensor::<u8, (Dyn, Dyn)>::ones_in((Dyn(2), Dyn(2))).unwrap().as_slice(), [1; 4]);
    }

    #[test]
    fn wrong_numbers_of_elements_are_errors() {
        assert!(matches!(Matrix::from_slice(&[0.0; 5]), Err(Error::Length { expected: Some(6), got: 5, .. })));
        let shape = (Dyn(2), Dyn(2));
        let error = Tensor::<f32, (Dyn, Dyn)>::from_slice_in(shape, &[0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "shape (2, 2) takes 4 elements, got 5");
        let huge = (Dyn(usize::MAX), Dyn(usize::MAX));
        assert!(matches!(Tensor::<f32, _>::zeros_in(huge), Err(Error::TooLarge { .. })));
        assert!(matches!(Tensor::<f32, _>::zeros_in((Dyn(usize::MAX / 4),)), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn shape_types_convert_when_the_sizes_fit() {
        let m = Matrix::ones();
        let d = m.clone().into_shape::<(Dyn, Const<3>)>().unwrap();
        assert_eq!(d.clone().into_shape::<(Const<2>, Const<3>)>().unwrap(), m);
        assert!(matches!(d.clone().into_shape::<(Dyn, Const<2>)>(), Err(Error::Shape { .. })));
        assert_eq!(d.into_reshaped::<(Const<3>, Dyn)>().unwrap().dims(), [3, 2]);
    }

    #[test]
    fn zero_sizes_hold_no_elements() {
        let empty = Tensor::<f32, _>::zeros_in((Dyn(0), Const::<3>)).unwrap();
        assert!(empty.is_empty() && empty.clone() == empty);
    }
}
