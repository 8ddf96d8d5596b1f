//! Random tensor functions: the reference interpreter on the tensor graph against compiled instruction lists,
//! interpreted, for every instruction set and for random schedule actions; those of GPUs in all threads.
//!
//! `TG_FUZZ=N` tries N functions, `TG_FUZZ_SEED=S` starts with that one.

mod random;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tg_core::compile::{Function, Language, Launch, Lowered, LoweredPack, Origin, Program, Slot, generate, plan_with};
use tg_core::dim::Dim;
use tg_core::dtype::DType;
use tg_core::interpret::{Array, run_blocks, run_linear};
use tg_core::ir::spec::{Stage, verify};
use tg_core::ir::{Arg, Graph, Op, Uop, Value, cast, pretty};
use tg_core::lower::Linear;
use tg_core::optimize::{Action, Actions};
use tg_core::symbolic::Simplifier;
use tg_core::target::{Device, Isa};
use tg_core::tensor::{
    Argument, Each, Error, add, contiguous, conv2d, conv2d_winograd, find, grad, matmul, matmul_tf32, pad, permute,
    relu, round_tf32, shrink, sum, transpose,
};

use self::random::{Case, Random, build, mismatch, seeds};

/// Makes instructions of a kernel.
type Compile<'a> = &'a mut dyn for<'g> FnMut(Uop<'g>, &mut Simplifier<'g>) -> Lowered<'g>;

/// Compiles `case` for processors, runs its kernels in order, and compares.
fn check(case: &Case, graph: &Graph, label: &str, compile: Compile) {
    check_on(Device::Cpu, case, graph, label, compile);
}

fn check_on(device: Device, case: &Case, graph: &Graph, label: &str, compile: Compile) {
    let plan = || plan_with(graph, &case.function, device, Simplifier::default());
    let (program, planned) = (plan().render(&[], Language::C), plan());
    let mut simplifier = Simplifier::default();
    let (mut memory, mut log) = (memory(case, &program), String::new());
    for (kernel, (name, root)) in program.kernels.iter().zip(planned.kernels()) {
        let lowered = compile(root, &mut simplifier);
        log += &format!("{name}, {}:\n{}\n", lowered.actions, pretty(root));
        let text = || format!("seed {} {label}\n{}\n{log}", case.seed, case.text());
        let mut buffers: Vec<Array> =
            pointers(root).map(|p| take(p, &kernel.args, &mut memory, &program, case)).collect();
        run(&lowered, &mut buffers, case).unwrap_or_else(|e| panic!("{e}\n{}", text()));
        for (slot, array) in kernel.args.iter().zip(buffers) {
            memory.insert(*slot, array);
        }
    }
    for (i, (expected, error)) in case.expected.iter().enumerate() {
        if let Some(words) = mismatch(&memory[&Slot::Param(i as u32)], expected, *error) {
            panic!("seed {} {label}: parameter {i}: {words}\n{}\n{log}", case.seed, case.text());
        }
    }
}

/// Runs the instructions, once or for all threads, after those that make copies of constant operands.
fn run(lowered: &Lowered, buffers: &mut Vec<Array>, case: &Case) -> Result<(), String> {
    for pack in lowered.packs() {
        let copy = packed(pack, buffers, case)?;
        buffers.push(copy);
    }
    run_list(&lowered.linear, lowered.launch(), buffers, case)
}

fn packed(LoweredPack { packing, linear }: &LoweredPack, buffers: &[Array], case: &Case) -> Result<Array, String> {
    let pointer = pointers(packing.nest).nth(1).expect("a pointer to the copy");
    let dtype = pointer.dtype().element();
    let copy = Array::zeros(dtype, &[packing.bytes / dtype.bytes()]).map_err(|e| e.to_string())?;
    let mut both = [buffers[packing.of as usize].clone(), copy];
    run_list(linear, None, &mut both, case)?;
    let [operand, copy] = both;
    assert!(operand == buffers[packing.of as usize], "a copy changes what it is of");
    Ok(copy)
}

fn run_list(linear: &Linear, launch: Option<&Launch>, buffers: &mut [Array], case: &Case) -> Result<(), String> {
    verify(Stage::Linear, &linear.0).map_err(|e| e.to_string())?;
    let vars = |v: &_| case.var(v);
    let outcome = match launch {
        Some(launch) => run_blocks(&linear.0, buffers, (launch.count(&vars), launch.threads), &vars),
        None => run_linear(&linear.0, buffers, &vars),
    };
    outcome.map_err(|e| e.to_string())
}

type Contents = HashMap<Slot, Array>;

/// The parameters before the call: outputs hold what no result may depend on.
fn memory(case: &Case, program: &Program) -> Contents {
    let place = |i: usize| match case.inputs.get(i) {
        Some(array) => array.clone(),
        None => Array::zeros(program.params[i].dtype, &case.expected[i].0.shape).expect("a small array"),
    };
    (0..program.params.len()).map(|i| (Slot::Param(i as u32), place(i))).collect()
}

/// The pointers of a kernel, by slot.
fn pointers(root: Uop<'_>) -> impl Iterator<Item = Uop<'_>> {
    let slot = |n: &Uop| match n.arg() {
        Arg::Slot(slot) => *slot,
        _ => 0,
    };
    let mut all: Vec<Uop> = root.toposort().into_iter().filter(|n| n.op() == Op::DefineGlobal).collect();
    all.sort_by_key(slot);
    all.into_iter()
}

/// What a kernel finds at a pointer: workspace that holds another type is as good as empty.
fn take(pointer: Uop, args: &[Slot], memory: &mut Contents, program: &Program, case: &Case) -> Array {
    let Arg::Slot(position) = *pointer.arg() else { panic!("{pointer:?}") };
    let (slot, dtype) = (args[position as usize], pointer.dtype().element());
    match (memory.get(&slot), slot) {
        (Some(array), _) if array.dtype == dtype => array.clone(),
        (_, Slot::Workspace(s)) => {
            let bytes = program.workspace[s as usize].eval(&|v| case.var(v));
            Array::zeros(dtype, &[bytes as usize / dtype.bytes()]).expect("a small array")
        }
        (found, _) => panic!("{pointer:?} points to {found:?}"),
    }
}

/// Runs `check` on random functions, and reports every seed it panics on.
fn sweep(default: u64, check: impl Fn(u64)) {
    let failure = |seed: u64| {
        let panic = catch_unwind(AssertUnwindSafe(|| check(seed))).err()?;
        Some((seed, panic.downcast::<String>().map_or_else(|_| "a panic".to_string(), |text| *text)))
    };
    let failures: Vec<(u64, String)> = seeds(default).filter_map(failure).collect();
    let Some((seed, first)) = failures.first() else { return };
    let words = |text: &str| text.lines().next().unwrap_or_default().to_string();
    let all: Vec<String> = failures.iter().map(|(seed, text)| format!("{seed}: {}", words(text))).collect();
    panic!("seed {seed}: {first}\n{} failures (TG_FUZZ_SEED and TG_FUZZ select):\n{}", all.len(), all.join("\n"));
}

#[test]
fn compiled_kernels_agree_with_the_interpreter() {
    sweep(200, |seed| {
        for isa in [Isa::X86V2, Isa::X86V3, Isa::X86V4, Isa::Baseline] {
            let graph = Graph::new();
            let case = with_constants(build(&graph, seed));
            check(&case, &graph, isa.name(), &mut |kernel, simplifier| generate(kernel, isa, None, simplifier));
        }
    });
}

#[test]
fn kernels_of_gpus_agree_with_the_interpreter() {
    sweep(100, |seed| {
        let graph = Graph::new();
        let case = build(&graph, seed);
        check_on(Device::Gpu, &case, &graph, "sm80", &mut |kernel, simplifier| {
            generate(kernel, Isa::Sm80, None, simplifier)
        });
    });
}

#[test]
fn actions_change_no_result() {
    sweep(200, |seed| {
        let graph = Graph::new();
        let case = with_constants(build(&graph, seed));
        let mut random = Random(seed ^ 0xac71);
        check(&case, &graph, "random actions", &mut |kernel, simplifier| {
            let most = random.below(5);
            let actions = tried(kernel, (0..most).map(|_| action(&mut random)), simplifier);
            generate(kernel, Isa::X86V3, Some(&actions), simplifier)
        });
    });
}

#[test]
fn actions_for_gpus_change_no_result() {
    sweep(100, |seed| {
        let graph = Graph::new();
        let case = build(&graph, seed);
        let mut random = Random(seed ^ 0x6b0);
        check_on(Device::Gpu, &case, &graph, "random actions for sm80", &mut |kernel, simplifier| {
            let most = if updates_in_place(kernel) { 0 } else { random.below(9) };
            let actions = tried(kernel, (0..most).map(|_| action_for_gpu(&mut random)), simplifier);
            generate(kernel, Isa::Sm80, Some(&actions), simplifier)
        });
    });
}

/// Whether `kernel` writes what it reads. Where only some of its loops have threads, those that store nothing would read
/// what others write; nothing comes of it, but it counts as a race.
fn updates_in_place(kernel: Uop) -> bool {
    let written: Vec<Uop> = kernel.srcs().map(|store| store.src(0).src(0)).collect();
    kernel.toposort().into_iter().any(|n| n.op() == Op::Load && written.contains(&n.src(0).src(0)))
}

/// `case` with half of the inputs that it does not change constant between calls.
fn with_constants<'g>(mut case: Case<'g>) -> Case<'g> {
    let Function { inputs, updates, constants, .. } = &mut case.function;
    let is_read_only = |buffer: &Uop<'g>| updates.iter().all(|(updated, _)| updated != buffer);
    let mut random = Random(case.seed ^ 0xc0);
    let chosen = inputs.iter().filter(|(_, buffer)| is_read_only(buffer) && random.below(2) == 0);
    constants.extend(chosen.map(|(name, _)| name.clone()));
    case
}

/// Those of `actions` that can be applied to `kernel` one after the other.
fn tried<'g>(kernel: Uop<'g>, actions: impl Iterator<Item = Action>, simplifier: &mut Simplifier<'g>) -> Actions {
    let (mut kernel, mut applied) = (kernel, Actions::default());
    for action in actions {
        if let Ok(next) = action.apply(kernel, simplifier) {
            kernel = next;
            applied.0.push(action);
        }
    }
    applied
}

fn action(random: &mut Random) -> Action {
    let axis = random.below(4);
    match random.below(20) {
        19 => Action::Lookahead {},
        16 => Action::Edge { load: random.below(3) },
        17 => Action::Trim { axis: random.below(8) },
        18 => Action::Pack { load: random.below(3) },
        14 => Action::Fuse { outer: axis, inner: random.below(4) },
        15 => Action::Prefetch { load: random.below(3) },
        0 => Action::Tile { axis, size: random.pick(&[2, 3, 4, 8]) },
        1 => Action::Vectorize { axis, lanes: random.pick(&[2, 4, 8]) },
        2 => Action::Unroll { axis, by: random.pick(&[2, 3, 4]) },
        3 => Action::Keep { axis },
        4 => Action::Stream {},
        7 => Action::Border { load: random.below(3) },
        6 => Action::Stage { axis, load: random.below(3) },
        5 => Action::Overlap { axis, size: random.pick(&[2, 3, 5]) },
        8 | 9 => Action::Accumulate { axis, size: random.pick(&[2, 3, 5]), at: random.below(4) },
        12 => Action::Split { axis, size: random.pick(&[2, 3, 4]) },
        13 => Action::Pad { axis, size: random.pick(&[2, 3, 4, 8]) },
        10 | 11 => Action::Precompute { axis, reduction: random.below(3) },
        _ => Action::Parallel { axis },
    }
}

fn action_for_gpu(random: &mut Random) -> Action {
    let axis = random.below(5);
    match random.below(13) {
        12 => Action::Divide { axis },
        10 => Action::Fuse { outer: axis, inner: random.below(5) },
        11 => Action::Tile { axis, size: random.pick(&[1, 2, 3]) },
        0 | 1 => Action::Pad { axis, size: random.pick(&[2, 4, 8, 16]) },
        2 => Action::Split { axis, size: random.pick(&[2, 4, 8]) },
        3 | 4 => Action::Thread { axis, size: random.pick(&[2, 4, 8, 32]), bit: random.below(6) },
        5 => Action::Grid { axis },
        6 => Action::Vectorize { axis, lanes: random.pick(&[2, 4]) },
        7 => Action::Unroll { axis, by: random.pick(&[2, 3, 4]) },
        8 => Action::Share { axis, load: random.below(3), depth: random.pick(&[1, 2, 3]) },
        _ => Action::Matrix { rows: axis, columns: random.below(5), depth: random.below(5) },
    }
}

/// What the heuristic does to large products, here in small: sizes that nothing divides.
const BLOCKED: &[&str] = &[
    "overlap(1,8) vectorize(2,4) unroll(2,2) overlap(0,3) unroll(1,3) tile(2,1) tile(0,2) tile(2,3) tile(1,1) \
     stage(1,0) vectorize(7,4) stage(0,0) parallel(0)",
    "vectorize(1,4) unroll(1,2) unroll(0,3) stage(0,1) prefetch(1) parallel(0)",
    "overlap(1,8) vectorize(2,4) unroll(2,2) overlap(0,3) unroll(1,3) tile(2,1) tile(1,3) parallel(1) \
     stage(0,1) tile(3,4) prefetch(2) stream",
    "overlap(1,8) vectorize(2,4) unroll(2,2) overlap(0,3) unroll(1,3) tile(2,1) tile(0,2) tile(2,3) tile(1,1) \
     accumulate(7,4,1) stage(3,0) stage(0,0) parallel(0)",
    "overlap(1,8) tile(1,2) vectorize(3,8) parallel(0) accumulate(4,2,0)",
    "overlap(1,8) vectorize(2,4) unroll(2,2) overlap(0,3) unroll(1,3) accumulate(5,9,2)",
    "overlap(1,4) tile(1,1) tile(1,5) stage(1,1) stage(0,0) vectorize(6,4) stream parallel(0)",
    "tile(2,2)",
];

/// `method` of tensors of these shapes, filled with small numbers.
fn case<'g>(graph: &'g Graph, method: &str, shapes: &[&[usize]], error: f64) -> Case<'g> {
    case_of(graph, (DType::F32, EXACT_UNIT), shapes, error, |buffers| {
        let method = find(method).expect("a method");
        let given = buffers.iter().map(|buffer| Argument::Tensor(*buffer));
        let missing = std::iter::repeat_n(Argument::None, method.params.len() - buffers.len());
        let result = (method.call)(graph, &given.chain(missing).collect::<Vec<_>>());
        let Ok(Argument::Tensor(result)) = result else { panic!("{} has no result", method.name) };
        result
    })
}

/// What the elements of inputs differ by: products of the first are exact, those of the second round.
const EXACT_UNIT: f64 = 0.25;
const ROUNDED_UNIT: f64 = 1.0 / 3.0;

/// A function of tensors of these shapes, filled with small numbers of a dtype, some units and a constant.
fn case_of<'g>(
    graph: &'g Graph,
    (dtype, unit): (DType, f64),
    shapes: &[&[usize]],
    error: f64,
    function: impl Fn(&[Uop<'g>]) -> Uop<'g>,
) -> Case<'g> {
    let input = |(n, shape): (usize, &&[usize])| {
        let mut array = Array::zeros(dtype, shape).expect("a small array");
        let value = |i: usize| cast(Value::Float(((i * 7 + n * 3) % 11) as f64 * unit - 1.25), dtype);
        array.data.iter_mut().enumerate().for_each(|(i, v)| *v = value(i));
        (graph.buffer(dtype, shape.iter().map(|n| (*n as i64).into()).collect()), array)
    };
    let (buffers, arrays): (Vec<_>, Vec<_>) = shapes.iter().enumerate().map(input).unzip();
    let result = function(&buffers);
    let inputs = buffers.iter().enumerate().map(|(i, buffer)| (format!("x{i}"), *buffer)).collect();
    let function = Function {
        name: "f".into(),
        inputs,
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![("y".into(), result)],
    };
    Case::new(0, function, arrays, vec![], &[error])
}

#[test]
fn blocked_products_agree_with_the_interpreter() {
    let mut applied = 0;
    for list in BLOCKED {
        let graph = Graph::new();
        let case = case(&graph, "matmul", &[&[23, 9], &[9, 41]], 0.0);
        check(&case, &graph, list, &mut |kernel, simplifier| {
            let actions: Actions = list.parse().expect("actions");
            let lowered = generate(kernel, Isa::X86V3, Some(&actions), simplifier);
            applied += usize::from(lowered.origin == Origin::Tuned);
            lowered
        });
    }
    assert_eq!(applied, BLOCKED.len() - 1, "the last list has blocks that do not divide a reduction, all others apply");
}

/// What a test computes of its inputs.
type Computed = for<'g> fn(&[Uop<'g>]) -> Result<Uop<'g>, Error>;

/// Products with a constant factor, in order and across, of other types, and with other constants; convolutions.
#[test]
fn constant_operands_are_packed_and_change_no_result() {
    let cases: [(&[&[usize]], Computed); 4] = [
        (&[&[23, 40], &[40, 41]], |x| matmul(x[0], x[1])),
        (&[&[9, 17], &[17, 8]], |x| matmul(x[0], x[1])),
        (&[&[6, 40], &[19, 40]], |x| matmul(x[0], transpose(x[1], 0, 1)?)),
        (&[&[2, 32, 5, 5], &[16, 32, 3, 3]], |x| conv2d(x[0], x[1], None, None, None, None, None)),
    ];
    for (shapes, function) in cases {
        for isa in [Isa::X86V3, Isa::X86V4, Isa::X86V2] {
            let graph = Graph::new();
            let mut case = case_of(&graph, (DType::F32, EXACT_UNIT), shapes, 0.0, |x| function(x).expect("a result"));
            case.function.constants = vec!["x1".into()];
            let (mut packs, label) = (0, format!("{shapes:?} {}", isa.name()));
            check(&case, &graph, &label, &mut |kernel, simplifier| {
                let lowered = generate(kernel, isa, None, simplifier);
                packs += lowered.packs().len();
                lowered
            });
            assert_eq!(packs, 1, "{label}");
        }
    }
}

/// Scores of 70 queries with 67 keys each: long enough to be computed ahead, for some queries together.
#[test]
fn attention_agrees_with_the_interpreter() {
    for isa in [Isa::X86V3, Isa::X86V4, Isa::Baseline] {
        let graph = Graph::new();
        let case = case(&graph, "attention", &[&[2, 70, 5], &[2, 67, 5], &[2, 67, 6]], 1e-5);
        let mut lists = vec![];
        check(&case, &graph, isa.name(), &mut |kernel, simplifier| {
            let lowered = generate(kernel, isa, None, simplifier);
            lists.push(lowered.actions.to_string());
            lowered
        });
        assert!(lists.len() == 1 && lists[0].matches("precompute").count() == 2, "{lists:?}");
    }
}

/// The gradient of a convolution by its input, of which each row meets the rows of the picture only: copied with zeros, or
/// read where it is.
#[test]
fn sums_without_rows_of_zeros_agree_with_the_interpreter() {
    let isas = [Isa::X86V3, Isa::X86V4, Isa::Baseline];
    let mut copied = vec![];
    for (isa, taps) in isas.into_iter().flat_map(|isa| [(isa, 3), (isa, 5)]) {
        let graph = Graph::new();
        let shapes: &[&[usize]] = &[&[2, 20, 9, 11], &[6, 20, taps, taps], &[2, 6, 10 - taps, 12 - taps]];
        let case = case_of(&graph, (DType::F32, EXACT_UNIT), shapes, 0.0, |buffers| {
            let y = conv2d(buffers[0], buffers[1], None, None, None, None, None).expect("a convolution");
            grad(sum(y * buffers[2], None).expect("a sum"), &buffers[..1]).expect("a gradient")[0]
        });
        let mut lists = vec![];
        check(&case, &graph, isa.name(), &mut |kernel, simplifier| {
            let lowered = generate(kernel, isa, None, simplifier);
            lists.push(lowered.actions.to_string());
            lowered
        });
        assert!(lists.len() == 1 && lists[0].contains("trim"), "{lists:?}");
        copied.push(lists[0].contains("edge"));
    }
    assert!(copied.contains(&true) && copied.contains(&false), "{copied:?}");
}

/// A convolution of fewer multiplications, and its gradients: tables' products in vectors, and a product that leaves out rows of
/// zeros.
#[test]
fn convolutions_by_winograd_agree_with_the_interpreter() {
    for isa in [Isa::X86V3, Isa::X86V4] {
        let graph = Graph::new();
        let shapes: &[&[usize]] = &[&[2, 32, 5, 12], &[16, 32, 3, 3], &[2, 16, 3, 10]];
        for gradient in [None, Some(0), Some(1)] {
            let case = case_of(&graph, (DType::F32, EXACT_UNIT), shapes, 1e-4, |buffers| {
                let y = conv2d_winograd(buffers[0], buffers[1], None, None, None).expect("a convolution");
                let loss = sum(y * buffers[2], None).expect("a sum");
                gradient.map_or(y, |of: usize| grad(loss, &buffers[of..=of]).expect("a gradient")[0])
            });
            let mut kernels = 0;
            check(&case, &graph, isa.name(), &mut |kernel, simplifier| {
                kernels += 1;
                generate(kernel, isa, None, simplifier)
            });
            assert!(kernels > 2, "{gradient:?} is no product of what is stored before");
        }
    }
}

/// The gradient of a convolution by its weights: a kernel for the parts of the batch, each of two pictures, and one that adds
/// them up.
#[test]
fn sums_over_parts_of_a_batch_agree_with_the_interpreter() {
    let graph = Graph::new();
    let shapes: &[&[usize]] = &[&[8, 3, 14, 14], &[20, 3, 3, 3], &[8, 20, 12, 12]];
    let case = case_of(&graph, (DType::F32, EXACT_UNIT), shapes, 0.0, |buffers| {
        let y = conv2d(buffers[0], buffers[1], None, None, None, None, None).expect("a convolution");
        grad(sum(y * buffers[2], None).expect("a sum"), &buffers[1..2]).expect("a gradient")[0]
    });
    let mut kernels = 0;
    check(&case, &graph, "parts", &mut |kernel, simplifier| {
        kernels += 1;
        generate(kernel, Isa::X86V4, None, simplifier)
    });
    assert_eq!(kernels, 2);
}

/// Products with a bias, on matrix units and without: one step of the sum, several, more than there are buffers, and sizes
/// that nothing divides.
#[test]
fn products_of_threads_agree_with_the_interpreter() {
    let (one, odd, many) = ([32, 32, 32], [37, 70, 45], [33, 448, 32]);
    let narrow = [("matmul", DType::BF16, odd), ("matmul", DType::BF16, many), ("matmul", DType::F16, one)];
    let rounded = [odd, many, one].map(|sizes| ("matmul_tf32", DType::F32, sizes));
    let cases = narrow.into_iter().chain(rounded).chain([("matmul", DType::F32, one)]);
    for (method, dtype, [m, k, n]) in cases {
        let graph = Graph::new();
        let label = format!("{method} {dtype} {m} {k} {n}");
        // What rounding to TensorFloat-32 changes is more than the error of f32.
        let (unit, error) = match (method, dtype) {
            ("matmul_tf32", _) => (ROUNDED_UNIT, 1e-4),
            (_, DType::F32) => (EXACT_UNIT, 0.0),
            _ => (EXACT_UNIT, 0.5),
        };
        let case = case_of(&graph, (dtype, unit), &[&[m, k], &[k, n], &[n]], error, |x| {
            let product = if method == "matmul" { matmul(x[0], x[1]) } else { matmul_tf32(x[0], x[1]) };
            product.and_then(|xw| add(xw.into(), x[2].into())).expect("a product")
        });
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm80, None, simplifier);
            let has = |op| lowered.linear.0.iter().any(|n| n.op() == op);
            assert_eq!(has(Op::Wmma), (method, dtype) != ("matmul", DType::F32), "{label}: {}", lowered.actions);
            // Threads exchange narrow results where rows of tiles are whole.
            assert_eq!(has(Op::Shuffle), dtype != DType::F32 && n % 16 == 0, "{label}");
            lowered
        });
    }
}

/// Actions for a product of 64 × k and k × 128 matrices with a bias by groups of four warps, whose right factor has rows
/// across the sum, or along it; `D` stands for the buffers.
const OF_GROUPS: [&str; 2] = [
    "split(2,64) swizzle(2,2,D) vectorize(5,8) thread(5,8,0) thread(4,16,3) unroll(4,4) swizzle(2,1,D) vectorize(9,8) \
     thread(9,8,0) thread(7,2,3) thread(5,8,4) unroll(5,8) group(0,1,3) unroll(9,4)",
    "split(2,64) swizzle(2,2,D) vectorize(5,8) thread(5,8,0) thread(4,16,3) unroll(4,4) swizzle(2,1,D) vectorize(7,8) \
     thread(7,8,0) thread(5,16,3) unroll(5,8) group(0,1,3) unroll(9,4)",
];

/// Products of four warps, of factors that lie either way, of more steps than there are buffers, with products under way and
/// without.
#[test]
fn products_of_groups_of_warps_agree_with_the_interpreter() {
    for (transposed, depth, k) in
        [([false, false], 4, 320), ([false, true], 3, 256), ([true, false], 2, 192), ([true, true], 1, 128)]
    {
        let graph = Graph::new();
        let shape =
            |[rows, columns]: [usize; 2], is_transposed| if is_transposed { [columns, rows] } else { [rows, columns] };
        let (x, w) = (shape([64, k], transposed[0]), shape([k, 128], transposed[1]));
        let label = format!("{x:?} {w:?} {depth}");
        let case = case_of(&graph, (DType::BF16, EXACT_UNIT), &[&x, &w, &[128]], 0.5, |x| {
            let matrix = |at: usize| if transposed[at] { transpose(x[at], 0, 1).expect("a matrix") } else { x[at] };
            matmul(matrix(0), matrix(1)).and_then(|xw| add(xw.into(), x[2].into())).expect("a product")
        });
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let text = OF_GROUPS[transposed[1] as usize].replace('D', &depth.to_string());
            let actions: Actions = text.parse().expect("actions");
            let lowered = generate(kernel, Isa::Sm90a, Some(&actions), simplifier);
            let products = lowered.linear.0.iter().filter(|n| n.op() == Op::Wgmma).count();
            assert_eq!(products, 4, "{label}: {:?} {}", lowered.origin, pretty(kernel));
            lowered
        });
    }
}

/// A factor of a product by matrix units: of f32, a rounded copy.
fn as_units_read(factor: Uop) -> Uop {
    match factor.dtype() {
        DType::F32 => round_tf32(factor).and_then(contiguous).expect("a copy").unary(Op::CutTf32),
        _ => factor,
    }
}

/// What the heuristic makes of products for Hopper, also of sizes that nothing divides, and of copies that were rounded and
/// turned for the units. Such copies of small matrices do not pay, so that they are made here.
#[test]
fn products_on_hopper_agree_with_the_interpreter() {
    let cases = [(DType::BF16, [64, 136, 64]), (DType::F16, [70, 72, 100]), (DType::F32, [64, 128, 72])];
    for (dtype, [m, k, n]) in cases {
        let graph = Graph::new();
        let label = format!("{dtype} {m} {k} {n}");
        let (unit, error) = if dtype == DType::F32 { (ROUNDED_UNIT, 1e-4) } else { (EXACT_UNIT, 0.5) };
        let case = case_of(&graph, (dtype, unit), &[&[m, k], &[n, k], &[n]], error, |x| {
            let right = transpose(as_units_read(x[1]), 0, 1).expect("a matrix");
            matmul(as_units_read(x[0]), right).and_then(|xw| add(xw.into(), x[2].into())).expect("a product")
        });
        let mut products = 0;
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm90a, None, simplifier);
            products += lowered.linear.0.iter().filter(|n| n.op() == Op::Wgmma).count();
            lowered
        });
        assert_eq!(products, 4, "{label}");
    }
}

/// Products of few rows, of which warps have parts of the sum: as many steps as warps take at once, and more.
#[test]
fn products_of_few_rows_agree_with_the_interpreter() {
    for (dtype, k, n) in [(DType::BF16, 256, 64), (DType::F16, 768, 128)] {
        let graph = Graph::new();
        let label = format!("{dtype} 16 {k} {n}");
        let case = case_of(&graph, (dtype, EXACT_UNIT), &[&[16, k], &[k, n], &[n]], 0.5, |x| {
            matmul(x[0], x[1]).and_then(|xw| add(xw.into(), x[2].into())).expect("a product")
        });
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm90a, None, simplifier);
            let products = lowered.linear.0.iter().filter(|n| n.op() == Op::Wmma).count();
            assert!(lowered.actions.to_string().contains("divide(") && products == 16, "{label}: {}", lowered.actions);
            lowered
        });
    }
}

/// What becomes of large products of rows that are not aligned, here in small: copies with zeros behind rows and columns, a
/// longer sum, and results that end within a vector.
#[test]
fn products_of_padded_copies_agree_with_the_interpreter() {
    for (batch, [left, right]) in [(vec![], [false; 2]), (vec![], [true, false]), (vec![2], [false, true])] {
        let graph = Graph::new();
        let shape = |[rows, columns]: [usize; 2], is_transposed: bool| match is_transposed {
            false => [&batch[..], &[rows, columns]].concat(),
            true => [&batch[..], &[columns, rows]].concat(),
        };
        let (x, w) = (shape([37, 150], left), shape([150, 43], right));
        let label = format!("{x:?} {w:?}");
        let case = case_of(&graph, (DType::BF16, EXACT_UNIT), &[&x, &w, &[43]], 0.5, |x| {
            let (left, right) = (padded_copy(x[0], left, [37, 192]), padded_copy(x[1], right, [192, 43]));
            matmul(left, right).and_then(|xw| add(xw.into(), x[2].into())).expect("a product")
        });
        let mut copied = vec![];
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm80, None, simplifier);
            let is_copy = |n: &&Uop| n.op() == Op::Store && matches!(n.arg(), Arg::Ahead(_));
            copied.extend(lowered.linear.0.iter().filter(is_copy).map(|copy| copy.src(1).dtype().lanes));
            lowered
        });
        assert!(!copied.is_empty() && copied.iter().all(|lanes| *lanes == 8), "{label}: {copied:?}");
    }
}

/// A convolution with a bias and relu.
struct Windows {
    dtype: DType,
    x: [usize; 4],
    w: [usize; 4],
    stride: i64,
    padding: i64,
    dilation: i64,
    groups: i64,
}

/// What each case of [`convolutions_on_matrix_units_agree_with_the_interpreter`] has, if it says nothing else.
const WINDOWS: Windows =
    Windows { dtype: DType::BF16, x: [1, 16, 6, 6], w: [16, 16, 3, 3], stride: 1, padding: 1, dilation: 1, groups: 1 };

impl Windows {
    fn of<'g>(&self, x: Uop<'g>, w: Uop<'g>, bias: Uop<'g>) -> Result<Uop<'g>, Error> {
        let each = |n| Some(Each(vec![n]));
        let factor = |x| if self.dtype == DType::F32 { round_tf32(x) } else { Ok(x) };
        let (stride, padding, dilation) = (each(self.stride), each(self.padding), each(self.dilation));
        conv2d(factor(x)?, factor(w)?, Some(bias), stride, padding, dilation, Some(self.groups)).and_then(relu)
    }
}

/// Windows of pictures whose channels are far apart: gathered element by element, of f16, bf16 and rounded f32.
#[test]
fn convolutions_on_matrix_units_agree_with_the_interpreter() {
    let cases = [
        WINDOWS,
        Windows { dtype: DType::F32, ..WINDOWS },
        Windows { dtype: DType::F16, x: [1, 3, 11, 13], w: [16, 3, 7, 7], stride: 2, padding: 3, ..WINDOWS },
        Windows { dtype: DType::F32, x: [1, 3, 11, 13], w: [17, 3, 7, 7], stride: 2, padding: 3, ..WINDOWS },
        Windows { x: [1, 32, 6, 6], w: [32, 16, 3, 3], padding: 2, dilation: 2, groups: 2, ..WINDOWS },
        Windows { dtype: DType::F32, x: [3, 16, 5, 4], w: [16, 16, 2, 2], padding: 0, ..WINDOWS },
    ];
    for windows in cases {
        let graph = Graph::new();
        let Windows { dtype, x, w, .. } = windows;
        let label = format!("{dtype} {x:?} {w:?}");
        let (unit, error) = if dtype == DType::F32 { (ROUNDED_UNIT, 1e-4) } else { (EXACT_UNIT, 1.0) };
        let case = case_of(&graph, (dtype, unit), &[&x, &w, &[w[0]]], error, |all| {
            windows.of(all[0], all[1], all[2]).expect("a convolution")
        });
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm80, None, simplifier);
            let has = |op| lowered.linear.0.iter().any(|n| n.op() == op);
            assert!(has(Op::Wmma) && has(Op::Commit), "{label}: {}", lowered.actions);
            lowered
        });
    }
}

/// Pictures whose channels are neighbours in memory, as those of copies are: they are copied in whole vectors.
#[test]
fn convolutions_of_neighbouring_channels_agree_with_the_interpreter() {
    for (side, channels, taps, stride) in [(6, 64, 3, 1), (9, 16, 3, 2), (13, 4, 7, 2)] {
        let graph = Graph::new();
        let (x, w) = ([2, side, side, channels], [16, taps, taps, channels]);
        let windows = Windows { stride, padding: 0, ..WINDOWS };
        let label = format!("{x:?} {w:?}");
        let case = case_of(&graph, (DType::BF16, EXACT_UNIT), &[&x, &w, &[16]], 1.0, |all| {
            let [x, w] = [all[0], all[1]].map(|x| permute(x, vec![0, 3, 1, 2]).expect("channels first"));
            windows.of(x, w, all[2]).expect("a convolution")
        });
        let mut lanes = vec![];
        check_on(Device::Gpu, &case, &graph, &label, &mut |kernel, simplifier| {
            let lowered = generate(kernel, Isa::Sm80, None, simplifier);
            let is_copy = |n: &&Uop| n.op() == Op::Store && matches!(n.arg(), Arg::Ahead(_));
            lanes.extend(lowered.linear.0.iter().filter(is_copy).map(|copy| usize::from(copy.src(1).dtype().lanes)));
            lowered
        });
        assert!(!lanes.is_empty() && lanes.iter().all(|n| *n == channels.min(8)), "{label}: {lanes:?}");
    }
}

/// What the heuristic does to large convolutions of f32, here in small: tiles of some channels and all taps, and of rows of
/// pictures as one loop, with sizes that nothing divides.
#[test]
fn convolutions_of_threads_agree_with_the_interpreter() {
    let lists = [
        "pad(1,16) fuse(2,3) fuse(0,2) pad(0,64) split(0,64) grid(0) tile(3,2) share(3,0,3) fuse(9,10) fuse(7,9) \
         thread(5,16,0) pad(7,4) thread(7,4,4) unroll(7,5) share(3,0,3) thread(13,64,0) unroll(6,2) unroll(9,3) \
         unroll(12,3) fuse(7,10) fuse(4,9) thread(2,4,4) unroll(2,4) thread(1,16,0) unroll(1,4) unroll(8,6)",
        "fuse(2,3) fuse(0,2) tile(2,2) fuse(4,5)",
    ];
    for list in lists {
        let graph = Graph::new();
        let case = case_of(&graph, (DType::F32, EXACT_UNIT), &[&[2, 6, 6, 6], &[11, 6, 3, 3]], 1e-5, |all| {
            let each = |n| Some(Each(vec![n]));
            conv2d(all[0], all[1], None, each(1), each(1), None, None).expect("a convolution")
        });
        check_on(Device::Gpu, &case, &graph, list, &mut |kernel, simplifier| {
            let actions: Actions = list.parse().expect("actions");
            let lowered = generate(kernel, Isa::Sm80, Some(&actions), simplifier);
            assert_eq!(lowered.origin, Origin::Tuned, "{list}");
            lowered
        });
    }
}

/// A matrix of this size, or several, out of a copy of `x` whose rows and columns go on with zeros to a multiple of 64.
fn padded_copy<'g>(x: Uop<'g>, is_transposed: bool, matrix: [i64; 2]) -> Uop<'g> {
    let rank = x.shape().len();
    let size = |axis: usize| x.shape()[axis].known().expect("a size");
    let behind = |axis: usize| if axis + 2 < rank { 0 } else { (64 - size(axis) % 64) % 64 };
    let zeros = (0..rank).map(|axis| (Dim::ZERO, Dim::from(behind(axis)))).collect();
    let copy = pad(x, zeros).and_then(contiguous).expect("a copy");
    let copy = if is_transposed { transpose(copy, -2, -1).expect("a matrix") } else { copy };
    let to = |axis: usize| if axis + 2 < rank { size(axis) } else { matrix[axis + 2 - rank] };
    shrink(copy, (0..rank).map(|axis| (Dim::ZERO, Dim::from(to(axis)))).collect()).expect("a part")
}

/// The kernels of a function of some square matrices on a large GPU.
fn kernels_of_squares<'g>(
    graph: &'g Graph,
    dtype: DType,
    function: impl Fn(&[Uop<'g>]) -> Result<Uop<'g>, Error>,
) -> Vec<Lowered<'g>> {
    let size = Dim::from(2048);
    let buffers = [(); 3].map(|()| graph.buffer(dtype, vec![size.clone(), size.clone()]));
    let result = function(&buffers).expect("a function of matrices");
    let inputs = buffers.iter().enumerate().map(|(i, buffer)| (format!("x{i}"), *buffer)).collect();
    let outputs = vec![("y".into(), result)];
    let function = Function { name: "f".into(), inputs, scalars: vec![], constants: vec![], updates: vec![], outputs };
    let plan = plan_with(graph, &function, Device::Gpu, Simplifier::default());
    let mut simplifier = Simplifier::default();
    plan.kernels().map(|(_, kernel)| generate(kernel, Isa::Sm90a, None, &mut simplifier)).collect()
}

/// What is multiplied is stored as the units take it, not widened or rounded: two layers are two kernels, each with units.
#[test]
fn products_of_computed_factors_have_matrix_units() {
    for dtype in [DType::BF16, DType::F32] {
        let graph = Graph::new();
        let product = if dtype == DType::F32 { matmul_tf32 } else { matmul };
        let kernels = kernels_of_squares(&graph, dtype, |x| product(product(x[0], x[1]).and_then(relu)?, x[2]));
        let has_products = |k: &&Lowered| k.linear.0.iter().any(|n| matches!(n.op(), Op::Wmma | Op::Wgmma));
        let counts = [kernels.len(), kernels.iter().filter(has_products).count()];
        // Rounding three inputs is a kernel each, that of the first product no more than a part of it.
        assert_eq!(counts, if dtype == DType::F32 { [5, 2] } else { [2, 2] }, "{dtype}");
    }
}

/// The gradient of a rounded product has one rounded factor: no units, but tiles in shared memory.
#[test]
fn products_with_one_rounded_factor_are_tiled() {
    let graph = Graph::new();
    let kernels = kernels_of_squares(&graph, DType::F32, |x| matmul(x[0], round_tf32(x[1])?));
    let actions: Vec<_> = kernels.iter().map(|k| k.actions.to_string()).collect();
    assert!(actions.len() == 1 && actions[0].matches("share").count() == 2, "{actions:?}");
}
