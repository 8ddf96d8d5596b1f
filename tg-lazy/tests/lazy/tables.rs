//! Every tensor method, forward and gradient, against the golden tables from PyTorch; with `TG_GOLDEN_DEVICE=cuda` on a GPU.

use tg_lazy::{Device, Tensor, Value, call, grad, realize};

use crate::golden::{self, Case, Data};
use crate::golden_call::{self, Door, Plain};

/// Calls of lazy tensors, by name.
struct Lazy(Vec<(String, Tensor)>);

impl Door for Lazy {
    type Value = Value;

    fn tensor(&self, name: &str) -> Option<Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, x)| x.into())
    }

    fn plain(&self, value: Plain) -> Result<Value, String> {
        Ok(match value {
            Plain::Int(v) => v.into(),
            Plain::Float(v) => v.into(),
            Plain::Bool(v) => v.into(),
            Plain::DType(name) => Value::DType(name.parse()?),
            Plain::None => Value::None,
        })
    }

    fn list(&self, items: Vec<Value>) -> Value {
        Value::List(items)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        call(name, arguments).map_err(|error| error.to_string())
    }
}

/// Where the tables are computed.
fn device() -> Device {
    match std::env::var("TG_GOLDEN_DEVICE") {
        Ok(name) if name == "cuda" => Device::cuda(0).unwrap_or_else(|error| panic!("{error}")),
        _ => Device::CPU,
    }
}

fn given(value: &golden::Value) -> Tensor {
    macro_rules! each {
        ($($variant:ident)*) => {
            match &value.data {
                $(Data::$variant(elements) => Tensor::from_slice(elements, &value.shape).to(device()),)*
            }
        };
    }
    each!(Bool F32 F64 U8 U16 U32 U64 I8 I16 I32 I64)
}

fn computed(tensor: &Tensor) -> Result<golden::Value, String> {
    let words = |error: tg_lazy::Error| error.to_string();
    macro_rules! each {
        ($($variant:ident $konst:ident)*) => {
            match tensor.dtype().map_err(words)? {
                $(tg_lazy::DType::$konst => Data::$variant(tensor.to_vec().map_err(words)?),)*
                other => return Err(format!("result is {other}")),
            }
        };
    }
    let data = each!(Bool BOOL F32 F32 F64 F64 U8 U8 U16 U16 U32 U32 U64 U64 I8 I8 I16 I16 I32 I32 I64 I64);
    Ok(golden::Value { shape: tensor.shape().map_err(words)?.to_vec(), data })
}

/// The result of a case, and its gradients.
fn called(case: &Case) -> Result<(Tensor, Vec<Tensor>), String> {
    let scope = case.inputs.iter().map(|(name, value)| (name.clone(), given(value).requires_grad())).collect();
    let door = Lazy(scope);
    let Value::Tensor(out) = golden_call::called(&door, &case.code)? else { return Err("no tensor".into()) };
    let Some(cotangent) = &case.cotangent else { return Ok((out, vec![])) };
    let loss = (&out * given(cotangent)).sum(());
    let named = |name: &String| door.0.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let wrt: Vec<&Tensor> = case.gradients.iter().filter_map(|(name, _)| named(name)).collect();
    let gradients = grad(&loss, wrt).map_err(|error| error.to_string())?;
    Ok((out, gradients))
}

fn check(case: &Case, out: &Tensor, gradients: &[Tensor]) -> Result<(), String> {
    case.check_out(&computed(out)?)?;
    match gradients {
        [] => Ok(()),
        gradients => case.check_gradients(&gradients.iter().map(computed).collect::<Result<Vec<_>, _>>()?),
    }
}

/// All cases of a theme, computed together.
fn check_theme(theme: &str) {
    let cases = golden::cases(theme).unwrap_or_else(|error| panic!("{error}"));
    let made: Vec<_> =
        cases.iter().map(|case| called(case).unwrap_or_else(|error| panic!("{}: {error}", case.name))).collect();
    realize(made.iter().flat_map(|(out, gradients)| std::iter::once(out).chain(gradients))).unwrap();
    let failures: Vec<String> =
        cases.iter().zip(&made).filter_map(|(case, (out, gradients))| check(case, out, gradients).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(!cases.is_empty());
}

macro_rules! themes {
    ($($test:ident)*) => {$(
        #[test]
        fn $test() {
            check_theme(stringify!($test));
        }
    )*};
}

themes! {
    unary binary compare movement reduce softmax matmul norm conv pool attention index create loss cast integer edge
    random
}
