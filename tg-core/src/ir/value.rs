//! Constant values: what the interpreter computes with and what CONST holds.
//!
//! Integers of every width are one `i128`, always within the range of their dtype; floats are `f64`,
//! always rounded to their dtype. Equality is identity of bits, so that NaN constants intern.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::dtype::{DType, Kind};

/// A scalar value.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i128),
    /// A float of any width.
    Float(f64),
}

impl Value {
    /// The integer, taking `bool` as 0 or 1.
    pub fn as_int(self) -> Option<i128> {
        match self {
            Value::Bool(b) => Some(b as i128),
            Value::Int(v) => Some(v),
            Value::Float(_) => None,
        }
    }

    /// The value as a float, whatever it is.
    pub fn to_f64(self) -> f64 {
        match self {
            Value::Bool(b) => b as u8 as f64,
            Value::Int(v) => v as f64,
            Value::Float(v) => v,
        }
    }

    /// Whether it is true, or not zero.
    pub fn is_true(self) -> bool {
        match self {
            Value::Bool(b) => b,
            Value::Int(v) => v != 0,
            Value::Float(v) => v != 0.0,
        }
    }

    /// 0, 0.0 or `false`, as `dtype` has it.
    pub fn zero(dtype: DType) -> Value {
        Value::small(dtype, 0)
    }

    /// The small integer `v` in the representation of `dtype`.
    pub fn small(dtype: DType, v: i64) -> Value {
        match dtype.scalar.kind() {
            Kind::Bool => Value::Bool(v != 0),
            Kind::Float => Value::Float(v as f64),
            Kind::Signed | Kind::Unsigned => Value::Int(v as i128),
        }
    }

    fn key(self) -> (u8, u128) {
        match self {
            Value::Bool(b) => (0, b as u128),
            Value::Int(v) => (1, v as u128),
            Value::Float(v) => (2, v.to_bits() as u128),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(v) => write!(f, "{v}"),
            Value::Int(v) => write!(f, "{v}"),
            Value::Float(v) => write!(f, "{v:?}"),
        }
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Value {
        Value::Bool(v)
    }
}
impl From<i64> for Value {
    fn from(v: i64) -> Value {
        Value::Int(v as i128)
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Value {
        Value::Float(v)
    }
}
