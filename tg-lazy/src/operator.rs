//! Operators: `&x + &y`, `x * 2.0`, `1.0 - &x`, `-x`, `x += &y`. They are the methods of these names.
//!
//! On the left, numbers are `f64` or `i64`: of two types of floats, Rust could not tell which one `1.0` is.

use std::ops::{
    Add, AddAssign, BitAnd, BitOr, BitXor, Div, DivAssign, Mul, MulAssign, Neg, Not, Rem, Shl, Shr, Sub, SubAssign,
};

use crate::call;
use crate::tensor::Tensor;
use crate::value::Value;

macro_rules! binary {
    ($($operator:ident $function:ident $method:literal;)*) => {$(
        impl<T: Into<Value>> $operator<T> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $function(self, other: T) -> Tensor {
                call::tensor($method, &[self.into(), other.into()])
            }
        }

        impl<T: Into<Value>> $operator<T> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $function(self, other: T) -> Tensor {
                call::tensor($method, &[self.into(), other.into()])
            }
        }

        binary!(@number $operator $function $method; f64 i64);
    )*};
    (@number $operator:ident $function:ident $method:literal; $($number:ty)*) => {$(
        impl $operator<&Tensor> for $number {
            type Output = Tensor;
            #[track_caller]
            fn $function(self, other: &Tensor) -> Tensor {
                call::tensor($method, &[self.into(), other.into()])
            }
        }

        impl $operator<Tensor> for $number {
            type Output = Tensor;
            #[track_caller]
            fn $function(self, other: Tensor) -> Tensor {
                self.$function(&other)
            }
        }
    )*};
}

binary! {
    Add add "add";
    Sub sub "sub";
    Mul mul "mul";
    Div div "div";
    Rem rem "rem";
    BitAnd bitand "bit_and";
    BitOr bitor "bit_or";
    BitXor bitxor "bit_xor";
    Shl shl "shl";
    Shr shr "shr";
}

macro_rules! unary {
    ($($operator:ident $function:ident $method:literal;)*) => {$(
        impl $operator for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $function(self) -> Tensor {
                call::tensor($method, &[self.into()])
            }
        }

        impl $operator for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $function(self) -> Tensor {
                call::tensor($method, &[self.into()])
            }
        }
    )*};
}

unary! {
    Neg neg "neg";
    Not not "bit_not";
}

macro_rules! assigning {
    ($($operator:ident $function:ident $method:literal;)*) => {$(
        impl<T: Into<Value>> $operator<T> for Tensor {
            /// The tensor is the result from now on. Gradients flow through it; [`Tensor::assign`] cuts them off.
            #[track_caller]
            fn $function(&mut self, other: T) {
                *self = call::tensor($method, &[(&*self).into(), other.into()]);
            }
        }
    )*};
}

assigning! {
    AddAssign add_assign "add";
    SubAssign sub_assign "sub";
    MulAssign mul_assign "mul";
    DivAssign div_assign "div";
}
