//! Every tensor method, forward and gradient, by the reference interpreters of the tensor, loop and linear stages
//! against the golden tables from PyTorch.

mod calls;
#[path = "../../tests/golden/mod.rs"]
mod golden;
mod stages;

use calls::{Input, from_array, function, to_array, trace};
use golden::{Case, Data, Value};
use stages::Step;
use syn::Expr;
use tg_core::dtype::DType;
use tg_core::interpret::{Array, evaluate};
use tg_core::ir::{Graph, Uop};

fn run<'g>(step: Option<Step>, roots: &[Uop<'g>], contents: &[Input<'g>]) -> Result<Vec<Value>, String> {
    let buffers = |n: u32| contents.iter().find(|(number, ..)| *number == n).map(|(.., array)| array.clone());
    let arrays = match step {
        None => evaluate(roots, &buffers, &|var| var.min).map_err(|error| error.to_string())?,
        Some(step) => {
            let inputs: Vec<Array> = contents.iter().map(|(.., array)| array.clone()).collect();
            stages::run(step, roots[0].graph(), &function(roots, contents), &inputs)?
        }
    };
    arrays.iter().map(from_array).collect()
}

fn check(step: Option<Step>, case: &Case) -> Result<(), String> {
    let graph = Graph::new();
    let mut traced = trace(&graph, case, &to_array)?;
    case.check_out(&run(step, &[traced.out], &traced.contents)?[0])?;
    match &traced.gradients(case)?[..] {
        [] => Ok(()),
        gradients => case.check_gradients(&run(step, gradients, &traced.contents)?),
    }
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
    random "random";
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
    let mut traced = trace(&graph, case, &given)?;
    let roots = [vec![traced.out], traced.gradients(case)?].concat();
    let buffers = |n: u32| traced.contents.iter().find(|(number, ..)| *number == n).map(|(.., array)| array.clone());
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
const ROUNDING_ONCE: [&str; 13] = [
    "unary", "binary", "compare", "movement", "reduce", "softmax", "matmul", "norm", "conv", "pool", "index", "loss",
    "random",
];
