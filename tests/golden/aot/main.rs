//! Every golden case through functions that `tensor_fn!` compiled: result and gradients.
//!
//! Each theme is a generated module beside this file with the tensor functions and one `case!` per case. This file
//! connects the two sides: table arrays become typed tensors, and results become table arrays again. It computes
//! nothing.

#[path = "../mod.rs"]
mod golden;

use golden::{Case, Value};
use tg::prelude::*;

/// A parameter of a compiled function, made from an array of the table.
trait Argument: Sized {
    fn from_table(value: &Value) -> Result<Self, String>;
}

impl<T: golden::Element + tg::Element, S: tg::Shape> Argument for Tensor<T, S> {
    fn from_table(value: &Value) -> Result<Self, String> {
        let tensor = Tensor::<T, S>::from_slice(value.elements()?).map_err(|error| error.to_string())?;
        if tensor.dims().as_ref() != value.shape {
            return Err(format!("parameter is {}, the table has {:?}", S::describe(), value.shape));
        }
        placed(tensor).map_err(|error| error.to_string())
    }
}

/// `tensor` where functions run: on the CPU, or, with `TG_GOLDEN_DEVICE=cuda` and the feature `cuda`, on the first GPU.
fn placed<T: tg::Element, S: tg::Shape>(tensor: Tensor<T, S>) -> tg::Result<Tensor<T, S>> {
    match std::env::var_os("TG_GOLDEN_DEVICE").is_some_and(|name| name == "cuda") {
        true => tensor.into_device(&Device::cuda(0)?),
        false => Ok(tensor),
    }
}

/// What a compiled function returns: a tensor, or a tuple of them for several gradients.
trait Outcome {
    fn into_table(self) -> Result<Vec<Value>, String>;
}

impl<T: golden::Element + tg::Element, S: tg::Shape> Outcome for Tensor<T, S> {
    fn into_table(self) -> Result<Vec<Value>, String> {
        Ok(vec![Value::new(self.dims().as_ref(), self.to_vec())?])
    }
}

macro_rules! tuples_are_outcomes {
    ($($($part:ident)*;)*) => {$(
        impl<$($part: Outcome),*> Outcome for ($($part,)*) {
            #[expect(non_snake_case, reason = "a part goes by the name of its type")]
            fn into_table(self) -> Result<Vec<Value>, String> {
                let ($($part,)*) = self;
                let mut values = Vec::new();
                $(values.extend($part.into_table()?);)*
                Ok(values)
            }
        }
    )*};
}

tuples_are_outcomes! { A B; A B C; A B C D; A B C D E; }

/// The parameter called `name` of the function under test.
fn argument<A: Argument>(case: &Case, name: &str) -> Result<A, String> {
    A::from_table(case.input(name)?).map_err(|why| format!("{}: {name}: {why}", case.name))
}

fn values<O: Outcome>(outcome: tg::Result<O>) -> Result<Vec<Value>, String> {
    outcome.map_err(|error| error.to_string())?.into_table()
}

fn check_out(case: &Case, outcome: Result<Vec<Value>, String>) -> Result<(), String> {
    match &outcome?[..] {
        [value] => case.check_out(value),
        values => Err(format!("{}: {} results, expected 1", case.name, values.len())),
    }
}

fn check_gradients(case: &Case, outcome: Result<Vec<Value>, String>) -> Result<(), String> {
    case.check_gradients(&outcome?)
}

/// `case!(f(x), f_grad(x, cot))`: a test that calls both with the inputs of the case `f` and compares.
macro_rules! case {
    ($forward:ident($($x:ident),*) $(, $gradient:ident($($y:ident),*))?) => {
        #[test]
        fn $forward() -> Result<(), String> {
            let case = crate::golden::find(THEME, stringify!($forward)).map_err(|error| error.to_string())?;
            let out = super::$forward($(&crate::argument(&case, stringify!($x))?),*);
            crate::check_out(&case, crate::values(out))?;
            $(
                let gradients = super::$gradient($(&crate::argument(&case, stringify!($y))?),*);
                crate::check_gradients(&case, crate::values(gradients))?;
            )?
            Ok(())
        }
    };
}

mod attention;
mod binary;
mod cast;
mod compare;
mod conv;
mod create;
mod edge;
mod index;
mod integer;
mod loss;
mod matmul;
mod movement;
mod norm;
mod pool;
mod random;
mod reduce;
mod softmax;
mod unary;
