//! Running a graph without kernels, by tg-core's interpreter: where there is no C compiler.

use std::sync::Arc;

use tg_core::dim::Var;
use tg_core::dtype::DType;
use tg_core::interpret::{self, Array};
use tg_core::ir::{Arg, Uop, Value};
use tg_core::loops::stored_dtype;
use tg_runtime::element::{Float, bf16, f16};

use crate::compile::Alone;
use crate::data::{Data, Elements, Typed, each};
use crate::error::ErrorKind;

/// What `alone` computes of `inputs`, where its dimensions `vars` are `dims`.
pub fn run(alone: &Alone, inputs: &[Arc<Data>], vars: &[Var], dims: &[i64]) -> Result<Vec<Elements>, ErrorKind> {
    let value = |var: &Var| vars.iter().position(|other| other == var).map_or(var.min, |at| dims[at]);
    let number = |node: Uop| if let Arg::Buffer(number, _) = node.arg() { Some(*number) } else { None };
    let buffers: Vec<_> = alone.inputs.iter().map(|id| alone.graph.get(*id)).zip(inputs).collect();
    let buffer = |wanted: u32| {
        let (node, data) = buffers.iter().find(|(node, _)| number(*node) == Some(wanted))?;
        let shape: Vec<usize> = node.shape().iter().map(|size| size.eval(&value).max(0) as usize).collect();
        array(&data.elements, node.dtype(), &shape)
    };
    let roots: Vec<Uop> = alone.outputs.iter().map(|id| alone.graph.get(*id)).collect();
    let arrays =
        interpret::evaluate(&roots, &buffer, &value).map_err(|error| ErrorKind::Internal(error.to_string()))?;
    arrays.into_iter().map(elements).collect()
}

/// Elements as values of the interpreter.
trait Scalar: Typed {
    fn value(self) -> Value;
    fn of_value(value: Value) -> Self;
}

macro_rules! scalars {
    (floats $($float:ty)*; integers $($integer:ty)*;) => {
        $(impl Scalar for $float {
            fn value(self) -> Value {
                Value::Float(self.into())
            }
            fn of_value(value: Value) -> Self {
                Self::from_f64(value.to_f64())
            }
        })*
        $(impl Scalar for $integer {
            fn value(self) -> Value {
                Value::Int(self.into())
            }
            // Values are in the range of their type.
            fn of_value(value: Value) -> Self {
                value.as_int().unwrap_or(0) as Self
            }
        })*
    };
}

scalars! {
    floats f16 bf16 f32 f64;
    integers i8 i16 i32 i64 u8 u16 u32 u64;
}

impl Scalar for bool {
    fn value(self) -> Value {
        Value::Bool(self)
    }
    fn of_value(value: Value) -> bool {
        value.is_true()
    }
}

fn array(elements: &Elements, dtype: DType, shape: &[usize]) -> Option<Array> {
    let data = each!(elements, row => row.as_slice().iter().map(|element| element.value()).collect());
    Some(Array { dtype, shape: shape.to_vec(), data })
}

fn elements(array: Array) -> Result<Elements, ErrorKind> {
    fn of<T: Scalar>(array: &Array) -> Result<Elements, ErrorKind> {
        let elements: Vec<T> = array.data.iter().map(|value| T::of_value(*value)).collect();
        let row = tg_runtime::Tensor::from_vec(elements).map_err(ErrorKind::Runtime)?;
        Ok(T::into_elements(row))
    }
    match stored_dtype(array.dtype) {
        DType::F16 => of::<f16>(&array),
        DType::BF16 => of::<bf16>(&array),
        DType::F32 => of::<f32>(&array),
        DType::F64 => of::<f64>(&array),
        DType::I8 => of::<i8>(&array),
        DType::I16 => of::<i16>(&array),
        DType::I32 => of::<i32>(&array),
        DType::I64 => of::<i64>(&array),
        DType::U8 => of::<u8>(&array),
        DType::U16 => of::<u16>(&array),
        DType::U32 => of::<u32>(&array),
        DType::U64 => of::<u64>(&array),
        DType::BOOL => of::<bool>(&array),
        other => Err(ErrorKind::Internal(format!("the interpreter gave elements of {other}"))),
    }
}
