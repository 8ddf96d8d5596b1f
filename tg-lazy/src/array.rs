//! Lazy tensors from arrays of the crate ndarray, and back; with the feature `ndarray`.

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

use crate::data::Typed;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl<T: Typed, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor {
    /// A copy of the elements, row-major whatever their order in memory.
    ///
    /// ```
    /// use ndarray::array;
    /// use tg_lazy::Tensor;
    /// let a = array![[1.0f32, 2.0], [3.0, 4.0]];
    /// let x = Tensor::from(&a.t());
    /// assert_eq!(x.to_vec::<f32>()?, [1.0, 3.0, 2.0, 4.0]);
    /// assert_eq!(x.to_ndarray::<f32>()?, a.t().into_dyn());
    /// # Ok::<(), tg_lazy::Error>(())
    /// ```
    #[track_caller]
    fn from(array: &ArrayBase<S, D>) -> Tensor {
        let elements: Vec<T> = array.iter().copied().collect();
        Tensor::from_slice(&elements, array.shape())
    }
}

impl Tensor {
    /// The elements as an array of the crate ndarray.
    ///
    /// # Errors
    /// As [`to_vec`](Tensor::to_vec).
    #[track_caller]
    pub fn to_ndarray<T: Typed>(&self) -> Result<ArrayD<T>> {
        let array = ArrayD::from_shape_vec(IxDyn(self.shape()?), self.to_vec()?);
        array.map_err(|error| Error::new(ErrorKind::Internal(error.to_string())))
    }
}
