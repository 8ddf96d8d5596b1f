//! Lazy tensors: what a program holds.

use std::panic::Location;
use std::sync::Arc;

use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_runtime::{Dyn, Shape};

use crate::data::{Data, Typed};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::realize::realize;
use crate::world::{self, About, Handle};

/// A tensor whose elements are computed when somebody asks for them: by [`to_vec`](Tensor::to_vec), [`item`](Tensor::item),
/// [`realize`](Tensor::realize), or by printing it.
///
/// It is a value: nothing that happens to other tensors changes it, and its clones are cheap and equal. What is computed once
/// is kept for all of them. A call with arguments that do not fit gives a tensor that holds the error, which comes when elements
/// are asked for, or from [`check`](Tensor::check).
///
/// ```
/// use tg_lazy::Tensor;
/// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [2, 2]);
/// let y = (&x.matmul(&x) + 1.0).relu();
/// assert_eq!(y.to_vec::<f32>()?, [8.0, 11.0, 16.0, 23.0]);
/// # Ok::<(), tg_lazy::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is computed until elements are asked for"]
pub struct Tensor(std::result::Result<Arc<Handle>, Error>);

impl From<Arc<Handle>> for Tensor {
    fn from(handle: Arc<Handle>) -> Tensor {
        Tensor(Ok(handle))
    }
}

impl From<Error> for Tensor {
    /// What a wrong call gives: a tensor that holds the error.
    fn from(error: Error) -> Tensor {
        Tensor(Err(error))
    }
}

impl From<Result<Tensor>> for Tensor {
    fn from(result: Result<Tensor>) -> Tensor {
        result.unwrap_or_else(Tensor::from)
    }
}

/// Making tensors.
impl Tensor {
    /// A copy of `elements`, row-major, in `shape`.
    #[track_caller]
    pub fn from_slice<T: Typed>(elements: &[T], shape: impl AsRef<[usize]>) -> Tensor {
        let row = tg_runtime::Tensor::<T, (Dyn,)>::from_slice(elements);
        Tensor::of_row(row, shape.as_ref()).into()
    }

    #[track_caller]
    fn of_row<T: Typed>(row: tg_runtime::Result<tg_runtime::Tensor<T, (Dyn,)>>, shape: &[usize]) -> Result<Tensor> {
        let row = row?;
        let expected = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        if expected != Some(row.len()) {
            return Err(tg_runtime::Error::Length { shape: format!("{shape:?}"), expected, got: row.len() }.into());
        }
        let shape = shape.iter().map(|size| Dim::from(*size as i64)).collect();
        let data = Data { elements: T::into_elements(row), device: Device::CPU };
        Ok(Tensor::of_data(Arc::new(data), T::DTYPE, shape))
    }

    pub(crate) fn of_data(data: Arc<Data>, dtype: DType, shape: Box<[Dim]>) -> Tensor {
        let device = data.device;
        let dims = Box::default();
        let about = About { dtype, shape, device, placed: true, dims, tracked: false, captured: false };
        world::lock().filled(data, about).into()
    }

    /// The same tensor, by which gradients can be asked for: [`grad`](crate::grad). What is computed of it keeps how it was.
    pub fn requires_grad(self) -> Tensor {
        let Ok(handle) = &self.0 else { return self };
        let mut world = world::lock();
        let node = world.node(handle);
        let about = About { tracked: true, ..About::of(handle) };
        world.computed(node, vec![handle.clone()], about).into()
    }

    /// The same tensor with axis `axis` as a run-time dimension: what is computed of it is compiled once for all sizes from
    /// `min` to `max`, and a tensor of another size on that axis uses the same kernels. Dimensions are told apart by
    /// name and bounds, and have one size in a computation.
    #[track_caller]
    pub fn with_dim(&self, axis: usize, name: &str, min: usize, max: usize) -> Tensor {
        self.dimension(axis, Var::new(name, min as i64, max as i64)).into()
    }

    #[track_caller]
    fn dimension(&self, axis: usize, var: Var) -> Result<Tensor> {
        let handle = self.handle()?;
        let size = *handle.sizes.get(axis).ok_or_else(|| {
            let text = format!("with_dim: axis {axis} is out of range for shape {:?}", handle.sizes);
            Error::new(ErrorKind::Signature { expected: format!("an axis below {}", handle.sizes.len()), got: text })
        })? as i64;
        if size < var.min || size > var.max {
            let expected = format!("with_dim: a size of {}..={} on axis {axis}", var.min, var.max);
            return Err(Error::new(ErrorKind::Signature { expected, got: size.to_string() }));
        }
        let data = self.data()?;
        let mut about = About::of(&handle);
        about.shape[axis] = Dim::from(var.clone());
        about.dims = crate::call::merged([&*handle.dims, &[(var, size)]].into_iter()).map_err(Error::new)?;
        Ok(world::lock().filled(data, about).into())
    }

    /// A copy on `device`, made when it is needed.
    pub fn to(&self, device: Device) -> Tensor {
        match &self.0 {
            Ok(handle) if handle.device != device => {
                let about = About { device, tracked: false, ..About::of(handle) };
                world::lock().copy(handle, about).into()
            }
            _ => self.clone(),
        }
    }
}

impl<T: Typed, S: Shape> From<tg_runtime::Tensor<T, S>> for Tensor {
    /// The tensor with its elements, which are not copied.
    #[track_caller]
    fn from(tensor: tg_runtime::Tensor<T, S>) -> Tensor {
        let shape = tensor.dims().as_ref().to_vec();
        Tensor::of_row(tensor.into_reshaped(), &shape).into()
    }
}

impl<T: Typed> From<T> for Tensor {
    /// A scalar.
    #[track_caller]
    fn from(value: T) -> Tensor {
        Tensor::from_slice(&[value], [])
    }
}

/// What is known of a tensor without computing it.
impl Tensor {
    pub(crate) fn handle(&self) -> Result<Arc<Handle>> {
        self.0.clone()
    }

    /// The error of the call that was wrong, if this tensor depends on one.
    ///
    /// # Errors
    /// That error.
    pub fn check(&self) -> Result<()> {
        self.0.as_ref().map(drop).map_err(Error::clone)
    }

    /// The size of each axis.
    ///
    /// # Errors
    /// As [`check`](Tensor::check); [`ErrorKind::Varies`] for the argument of a function that is being captured, if one of its
    /// sizes is a run-time dimension.
    #[track_caller]
    pub fn shape(&self) -> Result<&[usize]> {
        let handle = self.0.as_ref().map_err(Error::clone)?;
        let dim = if handle.captured { handle.shape.iter().flat_map(Dim::vars).next() } else { None };
        match dim {
            None => Ok(&handle.sizes),
            Some(dim) => Err(Error::new(ErrorKind::Varies { dim: dim.name.to_string() })),
        }
    }

    /// The type of the elements.
    ///
    /// # Errors
    /// As [`check`](Tensor::check).
    pub fn dtype(&self) -> Result<DType> {
        self.0.as_ref().map(|handle| handle.dtype).map_err(Error::clone)
    }

    /// Where it is, or will be computed. What is made of numbers alone can be computed anywhere, and used with tensors of any
    /// device; by itself it is computed on the CPU.
    ///
    /// # Errors
    /// As [`check`](Tensor::check).
    pub fn device(&self) -> Result<Device> {
        self.0.as_ref().map(|handle| handle.device).map_err(Error::clone)
    }

    /// The number of axes.
    ///
    /// # Errors
    /// As [`check`](Tensor::check).
    pub fn rank(&self) -> Result<usize> {
        self.0.as_ref().map(|handle| handle.sizes.len()).map_err(Error::clone)
    }

    /// The number of elements.
    ///
    /// # Errors
    /// As [`shape`](Tensor::shape).
    #[track_caller]
    pub fn numel(&self) -> Result<usize> {
        Ok(self.shape()?.iter().product())
    }

    /// Whether its elements are there.
    pub fn is_realized(&self) -> bool {
        self.0.as_ref().is_ok_and(|handle| world::lock().data(handle).is_some())
    }
}

/// Computing.
impl Tensor {
    /// Computes its elements, unless they are there. [`realize`](crate::realize) computes several tensors at once, which then
    /// share what they have in common.
    ///
    /// # Errors
    /// As [`check`](Tensor::check); [`ErrorKind::Runtime`].
    #[track_caller]
    pub fn realize(&self) -> Result<()> {
        realize([self])
    }

    pub(crate) fn data(&self) -> Result<Arc<Data>> {
        let handle = self.handle()?;
        if let Some(data) = world::lock().data(&handle) {
            return Ok(data);
        }
        realize([self])?;
        let data = world::lock().data(&handle);
        data.ok_or_else(|| Error::new(ErrorKind::Internal("a tensor that was computed has no elements".into())))
    }

    /// The elements, row-major.
    ///
    /// # Errors
    /// As [`realize`](Tensor::realize); [`ErrorKind::Elements`] if they are of another type.
    #[track_caller]
    pub fn to_vec<T: Typed>(&self) -> Result<Vec<T>> {
        let at = Location::caller();
        let got = self.dtype()?;
        let data = self.data()?;
        let here = if data.device == Device::CPU { data } else { Arc::new(data.to(Device::CPU)?) };
        let elements = T::of(&here.elements).map(<[T]>::to_vec);
        elements.ok_or_else(|| Error::at(ErrorKind::Elements { expected: T::DTYPE, got }, at))
    }

    /// The only element.
    ///
    /// # Errors
    /// As [`to_vec`](Tensor::to_vec); [`ErrorKind::Item`] if there are more or none.
    #[track_caller]
    pub fn item<T: Typed>(&self) -> Result<T> {
        let at = Location::caller();
        match self.to_vec()?[..] {
            [value] => Ok(value),
            _ => Err(Error::at(ErrorKind::Item { shape: self.shape()?.to_vec() }, at)),
        }
    }

    /// The elements as a tensor with a typed shape, for tensor functions.
    ///
    /// # Errors
    /// As [`to_vec`](Tensor::to_vec); [`ErrorKind::Runtime`] if the shape does not fit.
    #[track_caller]
    pub fn to_tensor<T: Typed, S: Shape>(&self) -> Result<tg_runtime::Tensor<T, S>> {
        let shape = S::from_dims(self.shape()?)?;
        Ok(tg_runtime::Tensor::from_vec_in(shape, self.to_vec()?)?)
    }

    /// Gives this tensor the value of another of the same shape and dtype, on its own device, without how that was computed:
    /// gradients do not flow through it. What was made of the old value before keeps that.
    ///
    /// # Errors
    /// As [`check`](Tensor::check); [`ErrorKind::Signature`] if it is of another shape or dtype. Then the tensor is what it was.
    #[track_caller]
    pub fn assign(&mut self, value: &Tensor) -> Result<()> {
        let (own, new) = (self.handle()?, value.handle()?);
        let describe = |handle: &Handle| format!("a tensor {} {:?}", handle.dtype, handle.sizes);
        if (own.dtype, &own.shape) != (new.dtype, &new.shape) {
            let (expected, got) = (format!("assign: {}", describe(&own)), describe(&new));
            return Err(Error::new(ErrorKind::Signature { expected, got }));
        }
        let value = value.to(own.device).detach();
        *self = if own.tracked { value.requires_grad() } else { value };
        Ok(())
    }
}

impl About {
    /// What is known of a tensor.
    pub fn of(handle: &Handle) -> About {
        let Handle { dtype, shape, device, placed, dims, tracked, captured, .. } = handle;
        About {
            dtype: *dtype,
            shape: shape.clone(),
            device: *device,
            placed: *placed,
            dims: dims.clone(),
            tracked: *tracked,
            captured: *captured,
        }
    }
}
