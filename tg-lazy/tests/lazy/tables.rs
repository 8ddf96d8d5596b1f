//! Every tensor method, forward and gradient, against the golden tables from PyTorch; with `TG_GOLDEN_DEVICE=cuda` on a GPU.

use syn::{BinOp, Expr, GenericArgument, Lit, UnOp};
use tg_lazy::{Device, Tensor, Value, call, grad, realize};

use crate::golden::{self, Case, Data};

type Scope = Vec<(String, Tensor)>;

/// What a call means, where `scope` has the tensors it names.
fn value(scope: &Scope, expr: &Expr) -> Result<Value, String> {
    let go = |expr: &Expr| value(scope, expr);
    let method = |name: &str, arguments: &[Value]| call(name, arguments).map_err(|error| error.to_string());
    match expr {
        Expr::Paren(inner) => go(&inner.expr),
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(v) => v.base10_parse().map(Value::Int).map_err(|error| error.to_string()),
            Lit::Float(v) => v.base10_parse().map(Value::Float).map_err(|error| error.to_string()),
            Lit::Bool(v) => Ok(Value::Bool(v.value)),
            _ => Err("unknown literal".into()),
        },
        Expr::Path(path) => match scope.iter().find(|(name, _)| path.path.is_ident(name)) {
            Some((_, x)) => Ok(x.into()),
            None if path.path.is_ident("None") => Ok(Value::None),
            None => Err("unknown name".into()),
        },
        Expr::Array(list) => list.elems.iter().map(go).collect::<Result<_, _>>().map(Value::List),
        Expr::Tuple(list) => list.elems.iter().map(go).collect::<Result<_, _>>().map(Value::List),
        Expr::Unary(unary) => match (&unary.op, go(&unary.expr)?) {
            (UnOp::Neg(_), Value::Int(v)) => Ok(Value::Int(-v)),
            (UnOp::Neg(_), Value::Float(v)) => Ok(Value::Float(-v)),
            (UnOp::Neg(_), x) => method("neg", &[x]),
            (_, x) => method("bit_not", &[x]),
        },
        Expr::Binary(binary) => method(operator(&binary.op)?, &[go(&binary.left)?, go(&binary.right)?]),
        Expr::MethodCall(call) => {
            let types = call.turbofish.iter().flat_map(|t| &t.args).map(dtype);
            let arguments = std::iter::once(go(&call.receiver)).chain(types).chain(call.args.iter().map(go));
            method(&call.method.to_string(), &arguments.collect::<Result<Vec<_>, _>>()?)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let name = path.path.require_ident().map_err(|error| error.to_string())?.to_string();
                method(&name, &call.args.iter().map(go).collect::<Result<Vec<_>, _>>()?)
            }
            _ => Err("only functions known by name can be called".into()),
        },
        _ => Err("unknown syntax".into()),
    }
}

fn dtype(argument: &GenericArgument) -> Result<Value, String> {
    match argument {
        GenericArgument::Type(syn::Type::Path(path)) => {
            let name = path.path.require_ident().map_err(|error| error.to_string())?.to_string();
            name.parse().map(Value::DType)
        }
        _ => Err("expected a dtype".into()),
    }
}

fn operator(op: &BinOp) -> Result<&'static str, String> {
    Ok(match op {
        BinOp::Add(_) => "add",
        BinOp::Sub(_) => "sub",
        BinOp::Mul(_) => "mul",
        BinOp::Div(_) => "div",
        BinOp::Rem(_) => "rem",
        BinOp::BitAnd(_) => "bit_and",
        BinOp::BitOr(_) => "bit_or",
        BinOp::BitXor(_) => "bit_xor",
        BinOp::Shl(_) => "shl",
        BinOp::Shr(_) => "shr",
        _ => return Err("unknown operator".into()),
    })
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
    let scope: Scope = case.inputs.iter().map(|(name, value)| (name.clone(), given(value).requires_grad())).collect();
    let code: Expr = syn::parse_str(&case.code).map_err(|error| error.to_string())?;
    let Value::Tensor(out) = value(&scope, &code)? else { return Err("no tensor".into()) };
    let Some(cotangent) = &case.cotangent else { return Ok((out, vec![])) };
    let loss = (&out * given(cotangent)).sum(());
    let named = |name: &String| scope.iter().find(|(known, _)| known == name).map(|(_, value)| value);
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
