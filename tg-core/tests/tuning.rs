//! What a tuning file does to a program: nothing but to the text of the kernels that it names.

use tg_core::compile::{Function, Language, Origin, Portable, Program, generate, plan};
use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::interpret::{Array, run_kernel, run_linear};
use tg_core::ir::text::{parse, print};
use tg_core::ir::{Graph, Uop};
use tg_core::optimize::{Actions, Entry, Tuning, heuristic, neighbours};
use tg_core::symbolic::Simplifier;
use tg_core::target::Isa;
use tg_core::tensor::{Argument, find};

const ISAS: [Isa; 2] = [Isa::X86V3, Isa::X86V4];

fn call<'g>(graph: &'g Graph, method: &str, args: &[Uop<'g>]) -> Uop<'g> {
    let args: Vec<_> = args.iter().map(|arg| Argument::Tensor(*arg)).collect();
    match (find(method).expect("a method").call)(graph, &args) {
        Ok(Argument::Tensor(result)) => result,
        other => panic!("{method}: {:?}", other.map(|result| result.describe())),
    }
}

/// A product of N×40 by 40×24, and the sum of each of its rows by another kernel.
fn function<'g>(graph: &'g Graph, name: &str) -> Function<'g> {
    let size = Dim::from(Var::new("N", 1, 1000));
    let x = graph.buffer(DType::F32, vec![size, Dim::from(40)]);
    let w = graph.buffer(DType::F32, vec![Dim::from(40), Dim::from(24)]);
    let product = call(graph, "matmul", &[x, w]);
    let root = call(graph, "sqrt", &[call(graph, "contiguous", &[product])]);
    let inputs = vec![("x".into(), x), ("w".into(), w)];
    Function {
        name: name.into(),
        inputs,
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![("p".into(), product), ("r".into(), root)],
    }
}

fn compiled(tuning: &Tuning) -> Program {
    let graph = Graph::new();
    let mut plan = plan(&graph, &function(&graph, "f"));
    plan.tune(tuning);
    plan.render(&ISAS, Language::C)
}

fn portable(graph: &Graph) -> Vec<Portable> {
    plan(graph, &function(graph, "f")).portable().collect()
}

/// A tuning file with one entry, for the product.
fn tuning(actions: &str) -> Tuning {
    let kernels = portable(&Graph::new());
    let product = kernels.iter().find(|k| k.name.contains("matmul")).expect("a product");
    let (name, nest) = (product.name.clone(), product.fingerprint());
    let actions = actions.parse().expect("actions");
    Tuning::new([Entry { name, isa: Isa::X86V3, nest, default_ns: 2, tuned_ns: 1, actions }])
}

#[test]
fn a_loop_nest_has_one_text_whatever_else_was_compiled() {
    let (alone, crowded) = (Graph::new(), Graph::new());
    let [u, v] = [[40, 24], [24, 3]].map(|shape| crowded.buffer(DType::F32, shape.map(Dim::from).to_vec()));
    let inputs = vec![("u".into(), u), ("v".into(), v)];
    let outputs = vec![("y".into(), call(&crowded, "exp", &[call(&crowded, "matmul", &[u, v])]))];
    let other = Function { name: "g".into(), inputs, scalars: vec![], constants: vec![], updates: vec![], outputs };
    plan(&crowded, &other).render(&ISAS, Language::C);
    let (expected, actual) = (portable(&alone), portable(&crowded));
    assert!(expected.len() > 1);
    assert_eq!(actual, expected);
    for kernel in expected {
        let graph = Graph::new();
        assert_eq!(print(parse(&graph, &kernel.nest).unwrap()), kernel.nest, "the text is in its own order");
    }
}

#[test]
fn an_entry_changes_the_text_of_its_kernel_for_its_instruction_set_only() {
    let (default, tuned) = (compiled(&Tuning::default()), compiled(&tuning("unroll(2,4) vectorize(1,4) parallel(0)")));
    let variants = |program: &Program| -> Vec<_> { program.kernels.iter().flat_map(|k| k.variants.clone()).collect() };
    let pairs: Vec<_> = variants(&default).into_iter().zip(variants(&tuned)).collect();
    let changed: Vec<_> = pairs.iter().filter(|(a, b)| a != b).collect();
    let [(before, after)] = changed[..] else { panic!("{} variants changed", changed.len()) };
    assert_eq!((after.isa, &after.origin), (Isa::X86V3, &Origin::Tuned));
    assert_eq!(after.actions.to_string(), "unroll(2,4) vectorize(1,4) parallel(0)");
    assert!(before.source != after.source && after.source.contains("matmul"), "{}", after.source);
}

#[test]
fn a_list_that_cannot_be_applied_leaves_the_heuristic_and_says_why() {
    let default = compiled(&Tuning::default());
    for actions in [
        "parallel(7)",
        "vectorize(1,3)",
        "unroll(1,24) unroll(2,40) unroll(0,2)",
        "vectorize(2,4) parallel(2)",
        "keep(0)",
    ] {
        let program = compiled(&tuning(actions));
        let (variant, expected) = (&program.kernels[0].variants[0], &default.kernels[0].variants[0]);
        assert!(matches!(&variant.origin, Origin::Inapplicable(why) if !why.is_empty()), "{actions}");
        assert_eq!((&variant.source, &variant.actions), (&expected.source, &expected.actions));
    }
}

#[test]
fn the_lists_of_the_heuristic_applied_to_the_text_give_its_kernels() {
    for (kernel, isa) in portable(&Graph::new()).iter().flat_map(|kernel| ISAS.map(|isa| (kernel, isa))) {
        let listed = |actions: Option<&Actions>| {
            let graph = Graph::new();
            let nest = parse(&graph, &kernel.nest).expect("a loop nest");
            let lowered = generate(nest, isa, actions, &mut Simplifier::default());
            (lowered.linear.0.len(), lowered.actions)
        };
        let chosen = listed(None);
        assert_eq!(listed(Some(&chosen.1)), chosen, "{}", kernel.name);
    }
}

#[test]
fn what_a_function_has_of_a_tuning_file_is_part_of_what_its_kernels_depend_on() {
    let tuned = |tuning: &Tuning| {
        let graph = Graph::new();
        let mut plan = plan(&graph, &function(&graph, "f"));
        plan.tune(tuning);
        plan.tuned()
    };
    let none = tuned(&Tuning::default());
    assert_ne!(tuned(&tuning("stream")), none);
    assert_ne!(tuned(&tuning("stream")), tuned(&tuning("parallel(0)")));
    let elsewhere = Entry { nest: tg_core::optimize::Fingerprint::of(""), ..tuning("stream").entries()[0].clone() };
    assert_eq!(tuned(&Tuning::new([elsewhere])), none);
}

#[test]
fn a_kernel_of_a_constant_operand_has_the_text_that_copies_it() {
    let graph = Graph::new();
    let [x, w] = [[64, 40], [40, 32]].map(|shape| graph.buffer(DType::F32, shape.map(Dim::from).to_vec()));
    let function = Function {
        name: "f".into(),
        inputs: vec![("unused".into(), graph.buffer(DType::F32, vec![])), ("x".into(), x), ("w".into(), w)],
        scalars: vec![],
        constants: vec!["w".into()],
        updates: vec![],
        outputs: vec![("y".into(), call(&graph, "matmul", &[x, w]))],
    };
    let kernel = plan(&graph, &function).portable().next().expect("a kernel");
    let variant = kernel.render(Isa::X86V3, None, "tgk_product").expect("a kernel");
    let [pack] = &variant.packs[..] else { panic!("{} copies", variant.packs.len()) };
    // The second of the kernel's buffers, though the third of the function's.
    assert!(pack.of == 1 && pack.bytes >= 40 * 32 * 4, "{pack:?}");
    for name in ["tgk_product", &pack.name] {
        assert!(variant.source.contains(&format!(" {name}(")), "{}", variant.source);
    }
    let program = plan(&graph, &function).render(&[Isa::X86V3], Language::C);
    let [copied] = &program.kernels[0].variants[0].packs[..] else { panic!("no copy") };
    assert_eq!((copied.of, copied.key), (2, pack.key));
}

/// Products and normalized rows, small enough to be interpreted many times.
fn small<'g>(graph: &'g Graph, method: &str) -> Function<'g> {
    let size = Dim::from(Var::new("N", 1, 1000));
    let x = graph.buffer(DType::F32, vec![size, Dim::from(20)]);
    let w = graph.buffer(DType::F32, vec![Dim::from(20), Dim::from(36)]);
    let arguments = match method {
        "matmul" => vec![Argument::Tensor(x), Argument::Tensor(w)],
        _ => vec![Argument::Tensor(x), Argument::Int(-1)],
    };
    let Ok(Argument::Tensor(y)) = (find(method).expect("a method").call)(graph, &arguments) else {
        panic!("{method} gives no tensor")
    };
    let inputs = vec![("x".into(), x), ("w".into(), w)];
    Function {
        name: "f".into(),
        inputs,
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![("y".into(), y)],
    }
}

/// Buffers with small multiples of a quarter: sums of their products are exact in any order.
fn buffers(kernel: &Portable) -> Vec<Array> {
    let len = |bytes: &Dim| bytes.eval(&|_| 5) as usize / 4;
    let value = |i: usize| (i * 7 % 11) as f64 / 4.0;
    let array = |bytes| Array::from_f64(DType::F32, &[len(bytes)], &(0..len(bytes)).map(value).collect::<Vec<_>>());
    kernel.bytes.iter().map(|bytes| array(bytes).expect("an array")).collect()
}

#[test]
fn no_list_that_can_be_applied_changes_a_result() {
    let mut tried = 0;
    for (method, isa) in ["matmul", "softmax"].into_iter().flat_map(|method| ISAS.map(|isa| (method, isa))) {
        let graph = Graph::new();
        let kernel = plan(&graph, &small(&graph, method)).portable().next().expect("a kernel");
        let (graph, mut simplifier) = (Graph::new(), Simplifier::default());
        let nest = parse(&graph, &kernel.nest).expect("a loop nest");
        let mut expected = buffers(&kernel);
        run_kernel(nest, &mut expected, &|_| 5).expect("a kernel");
        let copies: Actions =
            "overlap(1,8) vectorize(2,4) unroll(2,2) unroll(3,2) parallel(0)".parse().expect("actions");
        let starts = [heuristic(nest, isa, &mut simplifier).0, copies];
        let lists: Vec<Actions> = starts.iter().flat_map(|start| neighbours(nest, start, &mut simplifier)).collect();
        for list in lists {
            let lowered = generate(nest, isa, Some(&list), &mut simplifier);
            let mut actual = buffers(&kernel);
            run_linear(&lowered.linear.0, &mut actual, &|_| 5)
                .unwrap_or_else(|error| panic!("{method}, {list}: {error}"));
            let pairs = actual.iter().zip(&expected).flat_map(|(a, e)| a.data.iter().zip(&e.data));
            let worst = pairs.map(|(a, e)| (a.to_f64() - e.to_f64()).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-5, "{method}, {list}: a result is off by {worst}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}
