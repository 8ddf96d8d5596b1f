//! Arrays of values: the data the interpreter works on, row-major and contiguous.

use crate::dtype::DType;
use crate::interpret::{Error, MAX_ELEMENTS};
use crate::ir::{Value, cast};

/// A dense row-major array.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Element type.
    pub dtype: DType,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Elements, last axis fastest; as many as the product of `shape`.
    pub data: Vec<Value>,
}

impl Array {
    /// `values`, each converted to `dtype`, in row-major order.
    ///
    /// # Errors
    /// If there are not as many values as `shape` has elements.
    pub fn collect(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = Value>) -> Result<Array, Error> {
        let data: Vec<Value> = values.into_iter().map(|v| cast(v, dtype)).collect();
        let len = elements(shape)?;
        match data.len() == len {
            true => Ok(Array { dtype, shape: shape.to_vec(), data }),
            false => Err(Error::new(format!("shape {shape:?} has {len} elements, got {}", data.len()))),
        }
    }

    /// Floats, rounded to `dtype`.
    ///
    /// # Errors
    /// As [`Array::collect`].
    pub fn from_f64(dtype: DType, shape: &[usize], values: &[f64]) -> Result<Array, Error> {
        Array::collect(dtype, shape, values.iter().map(|&v| Value::Float(v)))
    }

    /// Floats, rounded to `dtype`.
    ///
    /// # Errors
    /// As [`Array::collect`].
    pub fn from_f32(dtype: DType, shape: &[usize], values: &[f32]) -> Result<Array, Error> {
        Array::collect(dtype, shape, values.iter().map(|&v| Value::Float(v as f64)))
    }

    /// Integers, wrapped to `dtype`.
    ///
    /// # Errors
    /// As [`Array::collect`].
    pub fn from_i64(dtype: DType, shape: &[usize], values: &[i64]) -> Result<Array, Error> {
        Array::collect(dtype, shape, values.iter().map(|&v| Value::Int(v as i128)))
    }

    /// An array of zeros.
    ///
    /// # Errors
    /// If it would have more than [`MAX_ELEMENTS`].
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Array, Error> {
        Ok(Array { dtype, shape: shape.to_vec(), data: vec![Value::zero(dtype); elements(shape)?] })
    }

    /// The array of shape `()` holding `value`.
    pub fn scalar(dtype: DType, value: Value) -> Array {
        Array { dtype, shape: vec![], data: vec![value] }
    }

    /// Elements as `f64`.
    pub fn to_f64(&self) -> Vec<f64> {
        self.data.iter().map(|v| v.to_f64()).collect()
    }

    /// Elements as `f32`, rounded.
    pub fn to_f32(&self) -> Vec<f32> {
        self.data.iter().map(|v| v.to_f64() as f32).collect()
    }

    /// Elements as `i64`: floats truncate and saturate.
    pub fn to_i64(&self) -> Vec<i64> {
        let to_int = |v: &Value| cast(*v, DType::I64).as_int().map_or(0, |v| v as i64);
        self.data.iter().map(to_int).collect()
    }
}

/// How many elements an array of `shape` has.
pub(super) fn elements(shape: &[usize]) -> Result<usize, Error> {
    let len = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let fits = len.filter(|&n| n <= MAX_ELEMENTS);
    fits.ok_or_else(|| Error::new(format!("an array of shape {shape:?} has more than {MAX_ELEMENTS} elements")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_convert_and_lengths_are_checked() {
        let a = Array::from_f64(DType::U8, &[2, 2], &[1.9, -3.0, 300.0, f64::NAN]).unwrap();
        assert_eq!(a.to_i64(), [1, 0, 255, 0]);
        assert_eq!(Array::from_f32(DType::F32, &[1], &[0.1]).unwrap().to_f32(), [0.1]);
        assert!(Array::from_i64(DType::I32, &[3], &[1]).unwrap_err().to_string().contains("3 elements, got 1"));
        assert!(Array::zeros(DType::F32, &[usize::MAX, 2]).is_err());
        assert_eq!(Array::zeros(DType::F32, &[0, 9]).unwrap().data.len(), 0);
    }
}
