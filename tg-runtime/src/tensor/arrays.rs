//! Tensors from nested arrays and scalars: their shape is in the type, so nothing can fail.

use super::{Tensor, or_abort};
use crate::element::Element;
use crate::shape::Const;

impl<T: Element> From<T> for Tensor<T> {
    fn from(value: T) -> Self {
        Tensor::full(value)
    }
}

impl<T: Element, const A: usize> From<[T; A]> for Tensor<T, (Const<A>,)> {
    fn from(elements: [T; A]) -> Self {
        or_abort(Tensor::from_slice_in((Const,), &elements))
    }
}

impl<T: Element, const A: usize, const B: usize> From<[[T; B]; A]> for Tensor<T, (Const<A>, Const<B>)> {
    fn from(rows: [[T; B]; A]) -> Self {
        or_abort(Tensor::from_slice_in((Const, Const), rows.as_flattened()))
    }
}

impl<T: Element, const A: usize, const B: usize, const C: usize> From<[[[T; C]; B]; A]>
    for Tensor<T, (Const<A>, Const<B>, Const<C>)>
{
    fn from(planes: [[[T; C]; B]; A]) -> Self {
        or_abort(Tensor::from_slice_in((Const, Const, Const), planes.as_flattened().as_flattened()))
    }
}

impl<T: Element, const A: usize, const B: usize, const C: usize, const D: usize> From<[[[[T; D]; C]; B]; A]>
    for Tensor<T, (Const<A>, Const<B>, Const<C>, Const<D>)>
{
    fn from(blocks: [[[[T; D]; C]; B]; A]) -> Self {
        let elements = blocks.as_flattened().as_flattened().as_flattened();
        or_abort(Tensor::from_slice_in((Const, Const, Const, Const), elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_arrays_are_row_major() {
        let m = Tensor::from([[1.0f32, 2., 3.], [4., 5., 6.]]);
        assert_eq!((m.dims(), m.as_slice()), ([2, 3], &[1., 2., 3., 4., 5., 6.][..]));
        assert_eq!(Tensor::from([[[1u8], [2]]]).dims(), [1, 2, 1]);
        assert_eq!(Tensor::from([[[[true, false]]]]).dims(), [1, 1, 1, 2]);
        assert_eq!(Tensor::from(1.5f64).item(), 1.5);
        assert_eq!(Tensor::from([0i8; 3]).dims(), [3]);
    }
}
