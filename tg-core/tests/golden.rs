//! Every tensor method, forward and gradient, by the reference interpreters of the tensor, loop and linear stages
//! against the golden tables from PyTorch.
//!
//! The calls in the tables are read by a small evaluator over Rust's syntax: numbers, lists, operators and methods
//! found by name. The full language is the business of the macro.

#[path = "../../tests/golden/mod.rs"]
mod golden;
mod stages;

use golden::{Case, Data, Value};
use stages::Step;
use syn::{BinOp, Expr, GenericArgument, Lit, UnOp};
use tg_core::compile::Function;
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::interpret::{Array, evaluate};
use tg_core::ir::{Arg, Graph, Uop};
use tg_core::tensor::{Argument, find, grad, mul, sum};

/// The names that stand for tensors in a call.
type Scope<'g> = Vec<(String, Uop<'g>)>;

fn method<'g>(graph: &'g Graph, name: &str, arguments: &[Argument<'g>]) -> Result<Argument<'g>, String> {
    let method = find(name).ok_or_else(|| format!("there is no method `{name}`"))?;
    (method.call)(graph, arguments).map_err(|error| error.to_string())
}

fn value<'g>(graph: &'g Graph, scope: &Scope<'g>, expr: &Expr) -> Result<Argument<'g>, String> {
    let go = |expr: &Expr| value(graph, scope, expr);
    match expr {
        Expr::Paren(inner) => go(&inner.expr),
        Expr::Lit(lit) => literal(&lit.lit),
        Expr::Path(path) => match scope.iter().find(|(name, _)| path.path.is_ident(name)) {
            Some((_, x)) => Ok(Argument::Tensor(*x)),
            None if path.path.is_ident("None") => Ok(Argument::None),
            None => Err("unknown name".to_string()),
        },
        Expr::Array(list) => list.elems.iter().map(go).collect::<Result<_, _>>().map(Argument::List),
        Expr::Tuple(list) => list.elems.iter().map(go).collect::<Result<_, _>>().map(Argument::List),
        Expr::Unary(unary) => match (&unary.op, go(&unary.expr)?) {
            (UnOp::Neg(_), Argument::Int(v)) => Ok(Argument::Int(-v)),
            (UnOp::Neg(_), Argument::Float(v)) => Ok(Argument::Float(-v)),
            (UnOp::Neg(_), x) => method(graph, "neg", &[x]),
            (_, x) => method(graph, "bit_not", &[x]),
        },
        Expr::Binary(binary) => method(graph, operator(&binary.op)?, &[go(&binary.left)?, go(&binary.right)?]),
        Expr::MethodCall(call) => {
            let types = call.turbofish.iter().flat_map(|t| &t.args).map(dtype);
            let arguments = std::iter::once(go(&call.receiver)).chain(types).chain(call.args.iter().map(go));
            method(graph, &call.method.to_string(), &arguments.collect::<Result<Vec<_>, _>>()?)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let name = path.path.require_ident().map_err(|error| error.to_string())?.to_string();
                method(graph, &name, &call.args.iter().map(go).collect::<Result<Vec<_>, _>>()?)
            }
            _ => Err("only functions known by name can be called".to_string()),
        },
        _ => Err("unknown syntax".to_string()),
    }
}

fn literal<'g>(lit: &Lit) -> Result<Argument<'g>, String> {
    match lit {
        Lit::Int(v) => v.base10_parse().map(Argument::Int).map_err(|error| error.to_string()),
        Lit::Float(v) => v.base10_parse().map(Argument::Float).map_err(|error| error.to_string()),
        Lit::Bool(v) => Ok(Argument::Bool(v.value)),
        _ => Err("unknown literal".to_string()),
    }
}

fn dtype<'g>(argument: &GenericArgument) -> Result<Argument<'g>, String> {
    match argument {
        GenericArgument::Type(syn::Type::Path(path)) => {
            let name = path.path.require_ident().map_err(|error| error.to_string())?.to_string();
            name.parse().map(Argument::DType)
        }
        _ => Err("expected a dtype".to_string()),
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
        _ => return Err("unknown operator".to_string()),
    })
}

fn to_array(value: &Value) -> Array {
    macro_rules! convert {
        ($($variant:ident)*) => {
            match &value.data {
                Data::Bool(v) => array(value, v.iter().map(|&v| v.into())),
                Data::F32(v) => array(value, v.iter().map(|&v| f64::from(v).into())),
                Data::F64(v) => array(value, v.iter().map(|&v| v.into())),
                $(Data::$variant(v) => array(value, v.iter().map(|&v| tg_core::ir::Value::Int(v as i128))),)*
            }
        };
    }
    convert!(U8 U16 U32 U64 I8 I16 I32 I64)
}

fn array(value: &Value, elements: impl Iterator<Item = tg_core::ir::Value>) -> Array {
    let dtype: DType = value.data.dtype().parse().expect("tables hold our dtypes");
    Array::collect(dtype, &value.shape, elements).expect("tables are well formed")
}

fn from_array(array: &Array) -> Result<Value, String> {
    let int = |v: &tg_core::ir::Value| v.as_int().unwrap_or_default();
    macro_rules! convert {
        ($($dtype:ident $variant:ident $type:ty),*) => {
            match array.dtype {
                DType::BOOL => Data::Bool(array.data.iter().map(|v| v.is_true()).collect()),
                DType::F32 => Data::F32(array.to_f32()),
                DType::F64 => Data::F64(array.to_f64()),
                $(DType::$dtype => Data::$variant(array.data.iter().map(|v| int(v) as $type).collect()),)*
                other => return Err(format!("result is {other}")),
            }
        };
    }
    let data =
        convert!(U8 U8 u8, U16 U16 u16, U32 U32 u32, U64 U64 u64, I8 I8 i8, I16 I16 i16, I32 I32 i32, I64 I64 i64);
    Ok(Value { shape: array.shape.clone(), data })
}

/// A buffer for each named array, and its contents by number.
fn bind<'g>(graph: &'g Graph, name: &str, array: Array, contents: &mut Vec<Input<'g>>) -> (String, Uop<'g>) {
    let buffer = graph.buffer(array.dtype, array.shape.iter().map(|&n| Dim::from(n as i64)).collect());
    if let Arg::Buffer(number, _) = buffer.arg() {
        contents.push((*number, buffer, array));
    }
    (name.to_string(), buffer)
}

/// A buffer's number, itself and its contents.
type Input<'g> = (u32, Uop<'g>, Array);

fn run<'g>(step: Option<Step>, roots: &[Uop<'g>], contents: &[Input<'g>]) -> Result<Vec<Value>, String> {
    let buffers = |n: u32| contents.iter().find(|(number, ..)| *number == n).map(|(.., array)| array.clone());
    let arrays = match step {
        None => evaluate(roots, &buffers, &|var| var.min).map_err(|error| error.to_string())?,
        Some(step) => {
            let name = |i: usize, root: &Uop<'g>| (format!("value{i}"), *root);
            let function = Function {
                name: "case".into(),
                inputs: contents.iter().enumerate().map(|(i, (_, buffer, _))| name(i, buffer)).collect(),
                scalars: vec![],
                updates: vec![],
                outputs: roots.iter().enumerate().map(|(i, root)| name(i, root)).collect(),
            };
            let inputs: Vec<Array> = contents.iter().map(|(.., array)| array.clone()).collect();
            stages::run(step, roots[0].graph(), &function, &inputs)?
        }
    };
    arrays.iter().map(from_array).collect()
}

/// The result of a case, its gradients, if it has some, and the inputs of both, which are what `array` makes of the table's.
fn traced<'g>(graph: &'g Graph, case: &Case, array: &dyn Fn(&Value) -> Array) -> Result<Traced<'g>, String> {
    let mut contents = Vec::new();
    let scope: Scope = case.inputs.iter().map(|(name, value)| bind(graph, name, array(value), &mut contents)).collect();
    let code: Expr = syn::parse_str(&case.code).map_err(|error| error.to_string())?;
    let Argument::Tensor(out) = value(graph, &scope, &code)? else { return Err("no tensor".to_string()) };
    let Some(cotangent) = &case.cotangent else { return Ok((out, vec![], contents)) };
    let (_, weights) = bind(graph, "cot", array(cotangent), &mut contents);
    let loss = mul(out.into(), weights.into()).and_then(|weighted| sum(weighted, None));
    let wrt: Vec<Uop> =
        case.gradients.iter().filter_map(|(name, _)| scope.iter().find(|s| s.0 == *name)).map(|s| s.1).collect();
    let gradients = loss.and_then(|loss| grad(loss, &wrt)).map_err(|error| error.to_string())?;
    Ok((out, gradients, contents))
}

type Traced<'g> = (Uop<'g>, Vec<Uop<'g>>, Vec<Input<'g>>);

fn check(step: Option<Step>, case: &Case) -> Result<(), String> {
    let graph = Graph::new();
    let (out, gradients, contents) = traced(&graph, case, &to_array)?;
    case.check_out(&run(step, &[out], &contents)?[0])?;
    if gradients.is_empty() {
        return Ok(());
    }
    case.check_gradients(&run(step, &gradients, &contents)?)
}

/// All cases of a theme, as tensors and at every step of the compiler; each failing case is reported for the first
/// step at which it fails.
fn check_theme(theme: &str) {
    let cases = golden::cases(theme).unwrap_or_else(|error| panic!("{error}"));
    let steps = || std::iter::once(None).chain(stages::steps().map(Some));
    let failed = |case: &Case, step| check(step, case).err().map(|error| format!("{} at {step:?}: {error}", case.name));
    let failures: Vec<String> = cases.iter().filter_map(|case| steps().find_map(|step| failed(case, step))).collect();
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(!cases.is_empty());
}

macro_rules! themes {
    ($($test:ident $theme:literal;)*) => {$(
        #[test]
        fn $test() {
            check_theme($theme);
        }
    )*};
}

themes! {
    unary "unary";
    binary "binary";
    compare "compare";
    movement "movement";
    reduce "reduce";
    softmax "softmax";
    matmul "matmul";
    norm "norm";
    conv "conv";
    pool "pool";
    attention "attention";
    index "index";
    create "create";
    loss "loss";
    cast "cast";
    integer "integer";
    edge "edge";
}

/// Whether the code is one call of a method, on inputs and numbers.
fn is_one_call(expr: &Expr) -> bool {
    fn is_plain(expr: &Expr) -> bool {
        match expr {
            Expr::Lit(_) | Expr::Path(_) => true,
            Expr::Paren(inner) => is_plain(&inner.expr),
            Expr::Unary(unary) => matches!(*unary.expr, Expr::Lit(_)),
            Expr::Array(list) => list.elems.iter().all(is_plain),
            Expr::Tuple(list) => list.elems.iter().all(is_plain),
            _ => false,
        }
    }
    match expr {
        Expr::Unary(unary) => is_plain(&unary.expr),
        Expr::Binary(binary) => is_plain(&binary.left) && is_plain(&binary.right),
        Expr::MethodCall(call) => is_plain(&call.receiver) && call.args.iter().all(is_plain),
        Expr::Call(call) => call.args.iter().all(is_plain),
        _ => false,
    }
}

/// The result and gradients of a case whose floats, rounded to `narrow`, are given as `dtype`; rounded to `narrow` again.
fn narrow_results(case: &Case, narrow: DType, dtype: DType) -> Result<Vec<Array>, String> {
    let cast = |array: &Array, to| Array::from_f64(to, &array.shape, &array.to_f64()).expect("a float for each place");
    let given = |value: &Value| match to_array(value) {
        array if array.dtype == DType::F32 => cast(&cast(&array, narrow), dtype),
        array => array,
    };
    let graph = Graph::new();
    let (out, gradients, contents) = traced(&graph, case, &given)?;
    let buffers = |n: u32| contents.iter().find(|(number, ..)| *number == n).map(|(.., array)| array.clone());
    let roots = [vec![out], gradients].concat();
    let arrays = evaluate(&roots, &buffers, &|var| var.min).map_err(|error| error.to_string())?;
    Ok(arrays.iter().map(|array| if array.dtype == dtype { cast(array, narrow) } else { array.clone() }).collect())
}

/// A method of a narrow float gives what it gives of the same numbers as f32, rounded once; so do its gradients.
#[test]
fn methods_of_narrow_floats_round_once() {
    let mut failures = vec![];
    let mut checked = 0;
    for theme in ROUNDING_ONCE {
        for case in golden::cases(theme).unwrap_or_else(|error| panic!("{error}")) {
            let of_floats = case.inputs.iter().any(|(_, value)| matches!(value.data, Data::F32(_)));
            if !of_floats || !is_one_call(&syn::parse_str(&case.code).expect("code is Rust")) {
                continue;
            }
            for narrow in [DType::BF16, DType::F16] {
                let found = narrow_results(&case, narrow, narrow);
                let wanted = narrow_results(&case, narrow, DType::F32);
                checked += 1;
                if format!("{found:?}") != format!("{wanted:?}") {
                    failures
                        .push(format!("{} of {narrow}: {} gives\n{found:?}, not\n{wanted:?}", case.name, case.code));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {checked} fail:\n{}", failures.len(), failures.join("\n"));
    assert!(checked > 300, "{checked}");
}

/// The themes of tables whose methods compute with floats; attention rounds its weights as well.
const ROUNDING_ONCE: [&str; 12] =
    ["unary", "binary", "compare", "movement", "reduce", "softmax", "matmul", "norm", "conv", "pool", "index", "loss"];
