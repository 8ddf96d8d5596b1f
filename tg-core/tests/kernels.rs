//! Golden files: a tensor function as text and what it is compiled to, in one file of `tests/kernels`.
//!
//! A file holds the function, a line of dashes, and for each kernel its name, loop nest, actions and its text: C for
//! one instruction set, in files named `rust_…` Rust, in files named `ptx_…` PTX. `TG_BLESS=1 cargo test -p tg-core --test
//! kernels` writes what comes out into the files; the difference is then read like any other change.
//!
//! ```text
//! x: f32 N 784             an input; capitals are run-time sizes
//! y = softmax x -1         a call of a tensor method on names and numbers
//! constant x               an input that is constant between calls
//! update x = y             what an input holds afterwards
//! return y                 a result
//! ```

mod golden_files;

use std::collections::{BTreeMap, BTreeSet};

use tg_core::compile::{Function, Language, Pack, Program, Variant, compile, generate, plan_with};
use tg_core::dim::{Dim, Var};
use tg_core::ir::{Fragment, Graph, Uop, pretty};
use tg_core::symbolic::Simplifier;
use tg_core::target::{Device, Isa};
use tg_core::tensor::{Argument, find};

/// Reads a function, line by line.
fn parse<'g>(graph: &'g Graph, name: &str, text: &str) -> Function<'g> {
    let mut values: BTreeMap<&str, Uop> = BTreeMap::new();
    let mut function = Function {
        name: name.into(),
        inputs: vec![],
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![],
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match &words[..] {
            ["constant", input] => function.constants.push(input.to_string()),
            ["update", buffer, "=", value] => function.updates.push((values[buffer], values[value])),
            ["return", value] => function.outputs.push((value.to_string(), values[value])),
            [result, "=", method, args @ ..] => {
                let args: Vec<Argument> = args.iter().map(|word| argument(word, &values)).collect();
                values.insert(result, call(graph, method, &args));
            }
            [input, dtype, shape @ ..] if input.ends_with(':') => {
                let input = input.trim_end_matches(':');
                let dtype = dtype.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
                let buffer = graph.buffer(dtype, shape.iter().map(|word| size(word)).collect());
                values.insert(input, buffer);
                function.inputs.push((input.to_string(), buffer));
            }
            _ => panic!("{name}: cannot read `{line}`"),
        }
    }
    function
}

fn size(word: &str) -> Dim {
    word.parse::<i64>().map_or_else(|_| Dim::from(Var::new(word, 1, 1 << 20)), Dim::from)
}

fn argument<'g>(word: &str, values: &BTreeMap<&str, Uop<'g>>) -> Argument<'g> {
    let float = |word: &str| word.parse().map(Argument::Float).unwrap_or_else(|_| panic!("`{word}` is not a value"));
    match (values.get(word), word.parse::<i64>()) {
        _ if word == "None" => Argument::None,
        (Some(value), _) => Argument::Tensor(*value),
        (None, Ok(number)) => Argument::Int(number),
        (None, Err(_)) => word.parse().map_or_else(|_| float(word), Argument::DType),
    }
}

fn call<'g>(graph: &'g Graph, method: &str, args: &[Argument<'g>]) -> Uop<'g> {
    let method = find(method).unwrap_or_else(|| panic!("no method {method}"));
    match (method.call)(graph, args) {
        Ok(Argument::Tensor(result)) => result,
        Ok(other) => panic!("{} gives {}", method.name, other.describe()),
        Err(error) => panic!("{error}"),
    }
}

/// What `function` is compiled to.
fn describe<'g>(graph: &'g Graph, function: &Function<'g>) -> String {
    let (isa, language) = match function.name.split('_').next() {
        Some("rust") => (Isa::Baseline, Language::Rust),
        Some("ptx") => (Isa::Sm80, Language::Ptx),
        _ => (Isa::X86V3, Language::C),
    };
    let planned = plan_with(graph, function, Device::of(&[isa]), Simplifier::default());
    let mut simplifier = Simplifier::default();
    let nests: Vec<_> =
        planned.kernels().map(|(_, k)| (pretty(k), generate(k, isa, None, &mut simplifier).actions)).collect();
    let report = planned.report();
    let program = planned.render(&[isa], language);
    let mut text = format!("{} kernels, workspace {}\n{}", report.kernels, report.workspace_bytes, head(&program));
    for (kernel, (nest, actions)) in program.kernels.iter().zip(nests) {
        let Variant { source, packs, .. } = &kernel.variants[0];
        let packs: String =
            packs.iter().map(|Pack { of, bytes, .. }| format!("\npacks {bytes} bytes of Param({of})")).collect();
        text += &format!("\n{} {:?}\n{nest}\n{actions}{packs}\n{source}", kernel.name, kernel.args);
    }
    text
}

/// What comes before the kernels of a GPU; in C it is the same for all files, and long.
fn head(program: &Program) -> &str {
    if program.kernels.iter().any(|k| k.variants[0].launch.is_some()) { &program.prelude[0] } else { "" }
}

#[test]
fn kernels_are_as_the_golden_files_say() {
    golden_files::check("kernels", 6, |name, input| {
        let graph = Graph::new();
        describe(&graph, &parse(&graph, name, input))
    });
}

#[test]
fn a_launch_says_what_the_matrix_units_multiply() {
    for (dtype, expected) in [("bf16", Some(Fragment::BF16)), ("f16", Some(Fragment::F16)), ("f32", None)] {
        let graph = Graph::new();
        let text = format!("x: {dtype} 512 512\ny = matmul x x\nreturn y");
        let program = compile(&graph, &parse(&graph, "square", &text), &[Isa::Sm90a], Language::Ptx);
        let launches =
            program.kernels.iter().map(|kernel| kernel.variants[0].launch.as_ref().expect("a launch").matrix);
        assert!(launches.eq([expected]), "{dtype}");
    }
}

/// How the copies of 16 bytes into shared memory that `text` compiles to go through the caches.
fn caches_of_copies(text: &str) -> BTreeSet<String> {
    let graph = Graph::new();
    let program = compile(&graph, &parse(&graph, "copies", text), &[Isa::Sm90a], Language::Ptx);
    let lines = program.kernels.iter().flat_map(|kernel| kernel.variants[0].source.lines());
    let copies = lines.filter(|line| line.contains("cp.async.c") && line.contains("], 16"));
    copies.filter_map(|line| line.split('.').nth(2).map(str::to_string)).collect()
}

#[test]
fn windows_stay_in_the_first_level_cache() {
    let matrices = "x: bf16 4096 4096\ny = matmul x x\nreturn y";
    assert_eq!(caches_of_copies(matrices), BTreeSet::from(["cg".to_string()]));
    let windows = "x: bf16 32 64 56 56\nw: bf16 64 64 3 3\ny = conv2d x w None 1 1\nreturn y";
    assert_eq!(caches_of_copies(windows), BTreeSet::from(["ca".to_string(), "cg".to_string()]));
}

#[test]
fn only_what_a_sum_reads_once_goes_past_the_first_level_cache() {
    let check = |text: &str, expected: usize| {
        let graph = Graph::new();
        let program = compile(&graph, &parse(&graph, "loads", text), &[Isa::Sm90a], Language::Ptx);
        let lines = program.kernels.iter().flat_map(|kernel| kernel.variants[0].source.lines());
        assert_eq!(lines.filter(|line| line.contains("L1::no_allocate")).count(), expected, "{text}");
    };
    // Of the weights eight vectors; the row is read by all blocks.
    check("x: bf16 1 8192\nw: bf16 8192 8192\ny = matmul x w\nreturn y", 8);
    check("x: bf16 16 8192\nw: bf16 8192 8192\ny = matmul x w\nreturn y", 8);
    check("x: f32 65536 4096\ny = softmax x -1\nreturn y", 0);
}

#[test]
fn each_result_of_a_pool_or_a_depthwise_convolution_has_a_thread() {
    let pools = [[3, 2, 1], [2, 2, 0]].map(|[size, stride, padding]| {
        format!("x: f32 32 64 56 56\ny = max_pool2d x {size} {stride} {padding}\nreturn y")
    });
    let depthwise = "x: bf16 32 512 14 14\nw: bf16 512 1 3 3\ny = conv2d x w None 1 1 1 512\nreturn y".to_string();
    for text in pools.into_iter().chain([depthwise]) {
        let graph = Graph::new();
        let program = compile(&graph, &parse(&graph, "windows", &text), &[Isa::Sm90a], Language::Ptx);
        let [kernel] = &program.kernels[..] else { panic!("several kernels: {text}") };
        let threads = kernel.variants[0].launch.as_ref().expect("a launch").threads;
        assert!(
            threads == 256 && !kernel.variants[0].source.contains("shfl"),
            "{text}: {}",
            kernel.variants[0].actions
        );
    }
}
