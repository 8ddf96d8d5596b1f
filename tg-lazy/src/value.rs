//! What may be passed to a tensor method: tensors, numbers, lists, ranges.
//!
//! Rust has no optional arguments, so `()` stands for one that is left out, and methods with several of them take a tuple:
//! `x.sum(())`, `x.sum(0)`, `x.sum([0, 2])`, `x.conv2d(&w, (&bias, 2, 1))`.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use tg_core::dtype::DType;

use crate::Tensor;

/// An argument of a tensor method.
#[derive(Clone, Debug)]
pub enum Value {
    /// A tensor.
    Tensor(Tensor),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An element type.
    DType(DType),
    /// Several values.
    List(Vec<Value>),
    /// `start..end`; an absent end reaches to the end of the axis.
    Range(Option<i64>, Option<i64>),
    /// Nothing: an argument that is left out.
    None,
}

macro_rules! values {
    ($($variant:ident($type:ty) $($from:ty)*;)*) => {$($(
        impl From<$from> for Value {
            fn from(value: $from) -> Value {
                Value::$variant(value as $type)
            }
        }
    )*)*};
}

values! {
    Int(i64) i64 i32 i16 i8 u32 u16 u8 usize isize;
    Float(f64) f32 f64;
    Bool(bool) bool;
    DType(DType) DType;
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Value {
        Value::Tensor(tensor)
    }
}

impl From<&Tensor> for Value {
    fn from(tensor: &Tensor) -> Value {
        Value::Tensor(tensor.clone())
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value::None
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::None, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(items: &[T]) -> Value {
        Value::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value> + Clone, const N: usize> From<&[T; N]> for Value {
    fn from(items: &[T; N]) -> Value {
        Value::from(items.as_slice())
    }
}

impl From<Range<i64>> for Value {
    fn from(range: Range<i64>) -> Value {
        Value::Range(Some(range.start), Some(range.end))
    }
}

impl From<RangeFrom<i64>> for Value {
    fn from(range: RangeFrom<i64>) -> Value {
        Value::Range(Some(range.start), None)
    }
}

impl From<RangeTo<i64>> for Value {
    fn from(range: RangeTo<i64>) -> Value {
        Value::Range(None, Some(range.end))
    }
}

impl From<RangeFull> for Value {
    fn from(_: RangeFull) -> Value {
        Value::Range(None, None)
    }
}

/// Several values, or the optional arguments of a method in their order: `()` for none of them.
#[derive(Clone, Debug, Default)]
pub struct Values(pub Vec<Value>);

impl From<()> for Values {
    fn from((): ()) -> Values {
        Values::default()
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Into<Value>),*> From<($($name,)*)> for Value {
            fn from(items: ($($name,)*)) -> Value {
                Value::List(Values::from(items).0)
            }
        }

        impl<$($name: Into<Value>),*> From<($($name,)*)> for Values {
            #[allow(non_snake_case, reason = "a variable for each type")]
            fn from(($($name,)*): ($($name,)*)) -> Values {
                Values(vec![$($name.into()),*])
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
