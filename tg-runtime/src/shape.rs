//! Shapes as types: tuples of dimensions known to the compiler ([`Const`]) or at run time ([`Dyn`]).
//!
//! `Tensor<f32, (Dyn, Const<784>)>` is a batch of any size. A shape type with only [`Const`]
//! dimensions takes no space and needs no check; any other is made through [`Shape::from_dims`].

use std::fmt;

use crate::error::{Error, Result};

mod sealed {
    pub trait Sealed {}
}

/// The largest rank a shape type has.
pub const MAX_RANK: usize = 6;

/// One dimension of a shape: [`Const`] or [`Dyn`].
pub trait Dim: Copy + PartialEq + Eq + fmt::Debug + Send + Sync + 'static + sealed::Sealed {
    /// The size, where the type determines it.
    const KNOWN: Option<usize>;
    /// The size.
    fn size(self) -> usize;
    /// This dimension with the given size; `None` if the type has another size.
    fn new(size: usize) -> Option<Self>;
}

/// A dimension of `N` elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Const<const N: usize>;

/// A dimension whose size is known at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dyn(pub usize);

impl<const N: usize> sealed::Sealed for Const<N> {}
impl sealed::Sealed for Dyn {}

impl<const N: usize> Dim for Const<N> {
    const KNOWN: Option<usize> = Some(N);
    fn size(self) -> usize {
        N
    }
    fn new(size: usize) -> Option<Self> {
        (size == N).then_some(Const)
    }
}

impl Dim for Dyn {
    const KNOWN: Option<usize> = None;
    fn size(self) -> usize {
        self.0
    }
    fn new(size: usize) -> Option<Self> {
        Some(Dyn(size))
    }
}

/// A dimension whose type determines its size: [`Const`].
pub trait StaticDim: Dim {
    /// The only value.
    const VALUE: Self;
    /// The size.
    const SIZE: usize;
}

impl<const N: usize> StaticDim for Const<N> {
    const VALUE: Self = Const;
    const SIZE: usize = N;
}

/// Number of elements of a tensor with these sizes, 0 where one of them is; `None` if it does not fit a `usize`.
pub(crate) fn element_count(dims: &[usize]) -> Option<usize> {
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1, |n: usize, &d| n.checked_mul(d))
}

/// The shape of a tensor: a tuple of up to [`MAX_RANK`] dimensions, `()` for a scalar.
pub trait Shape: Copy + PartialEq + Eq + fmt::Debug + Send + Sync + 'static + sealed::Sealed {
    /// Number of dimensions.
    const RANK: usize;
    /// The size of each dimension, where the type determines it.
    const KNOWN: &'static [Option<usize>];
    /// `[usize; RANK]`.
    type Dims: AsRef<[usize]> + Copy + PartialEq + fmt::Debug;

    /// The sizes.
    fn dims(self) -> Self::Dims;

    /// The shape with these sizes.
    ///
    /// # Errors
    /// [`Error::Shape`] if the rank or a size the type determines is another.
    fn from_dims(dims: &[usize]) -> Result<Self>;

    /// Number of elements; `None` if it does not fit a `usize`.
    fn elements(self) -> Option<usize> {
        element_count(self.dims().as_ref())
    }

    /// The shape type in the words of messages: `(_, 784)`, where `_` is any size.
    fn describe() -> String {
        let size = |d: &Option<usize>| d.map_or("_".to_owned(), |n| n.to_string());
        format!("({})", Self::KNOWN.iter().map(size).collect::<Vec<_>>().join(", "))
    }

    /// The shape of this type that holds `elements` elements; at most one dimension may be open.
    ///
    /// # Errors
    /// [`Error::Length`] if no size fits, [`Error::Ambiguous`] if several dimensions are open.
    fn for_elements(elements: usize) -> Result<Self> {
        let known = Self::KNOWN.iter().flatten().try_fold(1usize, |n, &d| n.checked_mul(d));
        let open = Self::KNOWN.iter().filter(|d| d.is_none()).count();
        let expected = if open == 0 { known } else { None };
        let misfit = || Error::Length { shape: Self::describe(), expected, got: elements };
        let rest = match (open, known) {
            (0, Some(n)) if n == elements => 1,
            (1, Some(n)) if n > 0 && elements.is_multiple_of(n) => elements / n,
            (2.., _) => return Err(Error::Ambiguous { shape: Self::describe() }),
            _ => return Err(misfit()),
        };
        let mut dims = [rest; MAX_RANK];
        for (dim, known) in dims.iter_mut().zip(Self::KNOWN) {
            *dim = known.unwrap_or(rest);
        }
        Self::from_dims(&dims[..Self::RANK])
    }
}

/// A shape whose type determines every size.
pub trait StaticShape: Shape {
    /// The only value.
    const SHAPE: Self;
    /// Number of elements; a product that does not fit is a compile error.
    const ELEMENTS: usize;
}

macro_rules! tuples_are_shapes {
    ($($rank:literal: $($dim:ident $at:tt)*;)*) => {$(
        impl<$($dim: Dim),*> sealed::Sealed for ($($dim,)*) {}

        impl<$($dim: Dim),*> Shape for ($($dim,)*) {
            const RANK: usize = $rank;
            const KNOWN: &'static [Option<usize>] = &[$($dim::KNOWN),*];
            type Dims = [usize; $rank];

            fn dims(self) -> [usize; $rank] {
                [$(self.$at.size()),*]
            }

            fn from_dims(dims: &[usize]) -> Result<Self> {
                let fit = || Some(($($dim::new(*dims.get($at)?)?,)*));
                let shape = if dims.len() == $rank { fit() } else { None };
                shape.ok_or_else(|| Error::Shape { expected: Self::describe(), got: dims.to_vec() })
            }
        }

        impl<$($dim: StaticDim),*> StaticShape for ($($dim,)*) {
            const SHAPE: Self = ($($dim::VALUE,)*);
            const ELEMENTS: usize = 1 $(* $dim::SIZE)*;
        }
    )*};
}

tuples_are_shapes! {
    0: ;
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_the_type_determines_are_checked() {
        type Batch = (Dyn, Const<784>);
        assert_eq!(Batch::from_dims(&[3, 784]).unwrap(), (Dyn(3), Const));
        for wrong in [&[3, 783][..], &[784], &[3, 784, 1], &[]] {
            let text = Batch::from_dims(wrong).unwrap_err().to_string();
            assert!(text.starts_with("expected shape (_, 784), got ("), "{text}");
        }
        assert_eq!(<()>::from_dims(&[]).unwrap(), ());
        assert_eq!(<(Const<2>, Const<3>)>::ELEMENTS, 6);
    }

    #[test]
    fn element_counts_do_not_overflow() {
        assert_eq!((Dyn(usize::MAX), Dyn(2)).elements(), None);
        assert_eq!((Dyn(usize::MAX), Dyn(2), Dyn(0)).elements(), Some(0));
        assert_eq!(().elements(), Some(1));
    }

    #[test]
    fn one_open_dimension_follows_from_the_number_of_elements() {
        assert_eq!(<(Dyn, Const<3>)>::for_elements(12).unwrap(), (Dyn(4), Const));
        assert!(matches!(<(Dyn, Const<3>)>::for_elements(13), Err(Error::Length { expected: None, got: 13, .. })));
        assert!(matches!(<(Const<2>, Const<3>)>::for_elements(5), Err(Error::Length { expected: Some(6), .. })));
        assert!(matches!(<(Dyn, Dyn)>::for_elements(4), Err(Error::Ambiguous { .. })));
        assert!(matches!(<(Dyn, Const<0>)>::for_elements(0), Err(Error::Length { .. })));
    }
}
