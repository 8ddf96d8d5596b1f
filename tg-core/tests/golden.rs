//! Every tensor method, forward and gradient, by the reference interpreters of the tensor, loop and linear stages
//! against the golden tables from PyTorch.

mod calls;
#[path = "../../tests/golden/mod.rs"]
mod golden;
mod stages;

use calls::{Input, from_array, function, trace};
use golden::{Case, Value};
use stages::Step;
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
    let mut traced = trace(&graph, case)?;
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
}
