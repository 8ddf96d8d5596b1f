//! Every PTX that the compiler can write, as far as NVIDIA's assembler has something to say about it.
//!
//! Without the assembler nothing can be tested here, which is said; where `TG_PTXAS` names one, it must work.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tg_core::compile::{Function, Language, Program, compile};
use tg_core::dtype::{DType, Kind, Scalar};
use tg_core::ir::{Arg, Graph, Op, Special, Uop};
use tg_core::lower::Linear;
use tg_core::render::{Entry, emit_ptx};
use tg_core::target::Isa;
use tg_core::tensor::{Argument, find};
use tg_toolchain::{CACHE_LIMIT, Cache, PTXAS_VARIABLE, Ptxas};

/// The assembler; nothing where there is none and none was named.
fn ptxas() -> Option<Ptxas> {
    match Ptxas::find() {
        Ok(ptxas) => Some(ptxas),
        Err(error) if std::env::var_os(PTXAS_VARIABLE).is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIPPED, nothing was tested: {error}");
            None
        }
    }
}

const ISAS: [Isa; 2] = [Isa::Sm80, Isa::Sm90a];

/// Types of values in kernels.
fn scalars() -> impl Iterator<Item = DType> {
    let is_eight_bit = |s: Scalar| s.kind() == Kind::Float && s.bits() == 8;
    Scalar::ALL.iter().copied().filter(move |s| !is_eight_bit(*s)).map(DType::scalar)
}

/// Kernels of one module.
#[derive(Default)]
struct Module {
    prelude: BTreeMap<String, String>,
    source: String,
    kernels: usize,
}

impl Module {
    fn add(&mut self, name: &str, isa: Isa, store: Uop) {
        let args = [None; 4];
        let entry = Entry { name, isa, args: &args, dims: &[], threads: 32 };
        let rendered = emit_ptx(&Linear(store.toposort()), &entry);
        self.prelude.extend(rendered.prelude);
        self.source += &rendered.source;
        self.kernels += 1;
    }

    /// Assembles all kernels at once; none of them may need more registers than there are.
    fn check(self, ptxas: &Ptxas, isa: Isa) {
        let text = self.prelude.into_values().map(|line| line + "\n").collect::<String>() + &self.source;
        let cubin = ptxas.assemble(&text, isa, None).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(cubin.usage.len(), self.kernels);
        let spilling: Vec<_> = cubin.usage.iter().filter(|usage| usage.spill_bytes > 0).collect();
        assert!(spilling.is_empty(), "{spilling:?}");
    }
}

/// Element `thread` of the argument `slot`.
fn input(g: &Graph, dtype: DType, slot: u32) -> Uop<'_> {
    // An `index` is not stored as one; what is read has no bounds.
    let stored = if dtype.is_index() { DType::I64 } else { dtype };
    g.global(stored, slot).element(g.special(g.index(32), Special::Thread), None).load().cast(dtype)
}

fn output(value: Uop<'_>) -> Uop<'_> {
    let (g, dtype) = (value.graph(), value.dtype());
    let value = if dtype.is_index() { value.cast(DType::I64) } else { value };
    g.global(value.dtype(), 3).element(g.special(g.index(32), Special::Thread), None).store(value, &[])
}

/// Whether lowering leaves `op` on values of `dtype`.
fn is_left(op: Op, dtype: DType) -> bool {
    let is_full_float = matches!(dtype.scalar, Scalar::F32 | Scalar::F64);
    match op {
        Op::Where => true,
        // The last two are instructions of some processors.
        Op::Sin | Op::Tanh | Op::Erf | Op::Pow | Op::Cast | Op::Bitcast | Op::Fract | Op::Ldexp => false,
        Op::Exp2 | Op::Log2 | Op::RoundTf32 | Op::CutTf32 => dtype == DType::F32,
        Op::Recip | Op::Sqrt | Op::Trunc | Op::Fdiv => is_full_float,
        Op::Idiv | Op::Shl | Op::Shr => dtype.is_int(),
        Op::And | Op::Or | Op::Xor => !dtype.is_float(),
        Op::Mul | Op::Max | Op::Cmplt | Op::Cmpne | Op::Cmpeq => is_full_float || !dtype.is_float(),
        Op::Add | Op::Sub => dtype != DType::BOOL,
        _ => op.is_alu() && (is_full_float || dtype.is_int()),
    }
}

#[test]
fn every_operation_on_every_type_assembles() {
    let Some(ptxas) = ptxas() else { return };
    for isa in ISAS {
        let mut module = Module::default();
        for (op, dtype) in Op::ALL.iter().flat_map(|op| scalars().map(move |dtype| (*op, dtype))) {
            if !is_left(op, dtype) {
                continue;
            }
            let g = Graph::new();
            let of = |i: usize| input(&g, if op == Op::Where && i == 0 { DType::BOOL } else { dtype }, i as u32);
            let operands: Vec<_> = (0..op.arity().unwrap_or(0)).map(of).collect();
            module.add(&format!("{op}_{dtype}"), isa, output(operands[0].alu(op, &operands[1..])));
        }
        for (op, dtype) in [DType::F16, DType::BF16].into_iter().flat_map(|dtype| [(Op::Add, dtype), (Op::Sub, dtype)])
        {
            let g = Graph::new();
            let pair =
                |i| g.node(Op::Vectorize, dtype.vec(2), &[input(&g, dtype, i), input(&g, dtype, i + 1)], Arg::None);
            module.add(&format!("{op}_{dtype}_twice"), isa, output(pair(0).alu(op, &[pair(1)])));
        }
        assert!(module.kernels > 190, "only {} kernels", module.kernels);
        module.check(&ptxas, isa);
    }
}

#[test]
fn every_conversion_and_exchange_assembles() {
    let Some(ptxas) = ptxas() else { return };
    for isa in ISAS {
        let mut module = Module::default();
        for (from, to) in scalars().flat_map(|from| scalars().map(move |to| (from, to))) {
            let g = Graph::new();
            module.add(&format!("cast_{from}_{to}"), isa, output(input(&g, from, 0).cast(to)));
            if from.bytes() == to.bytes() && !from.is_index() && !to.is_index() {
                module.add(&format!("bits_{from}_{to}"), isa, output(input(&g, from, 0).bitcast(to)));
            }
        }
        for dtype in scalars() {
            let g = Graph::new();
            let shuffled = g.node(Op::Shuffle, dtype, &[input(&g, dtype, 0)], Arg::Slot(16));
            module.add(&format!("shuffle_{dtype}"), isa, output(shuffled));
        }
        module.check(&ptxas, isa);
    }
}

#[test]
fn every_access_assembles() {
    let Some(ptxas) = ptxas() else { return };
    for isa in ISAS {
        let mut module = Module::default();
        let shapes = scalars().flat_map(|d| [1, 2, 3, 4, 8, 16].into_iter().map(move |lanes| (d, lanes)));
        for (dtype, lanes) in shapes.filter(|(dtype, _)| !dtype.is_index()) {
            for step in [1, 2, 16] {
                let g = Graph::new();
                let thread = g.special(g.index(32), Special::Thread);
                let (place, wide) = (thread * step, dtype.vec(lanes));
                let otherwise = g.constant(wide, 1.0);
                let address = g.global(dtype, 0).element(place, Some(thread.lt(7)));
                let value = g.node(Op::Load, wide, &[address, otherwise], Arg::None);
                let local = g.local(dtype, 0, 1024).element(place + 1, None).store(value, &[]);
                let pointer = g.local(dtype, 0, 1024).after(local).element(place + 1, None);
                let again = g.node(Op::Load, wide, &[pointer], Arg::None);
                let store = g.global(dtype, 3).element(place + 2, Some(thread.lt(9))).store(again, &[]);
                module.add(&format!("access_{wide}_{step}"), isa, store);
            }
        }
        module.check(&ptxas, isa);
    }
}

#[test]
fn every_golden_file_assembles_for_all_targets_it_can_run_on() {
    let Some(ptxas) = ptxas() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tg-core/tests/ptx");
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths: Vec<PathBuf> = entries.map(|e| e.expect("a folder entry").path()).collect();
    assert!(paths.len() >= 8, "{paths:?}");
    for path in paths {
        let text = fs::read_to_string(&path).expect("a golden file");
        let (_, module) = text.split_once("----------\n").expect("a module");
        for isa in ISAS.into_iter().filter(|isa| *isa == Isa::Sm90a || !module.contains("sm_90a")) {
            let cubin = ptxas.assemble(module, isa, None).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let [usage] = &cubin.usage[..] else { panic!("{}: {:?}", path.display(), cubin.usage) };
            // Four warps have many sums each.
            let most = if module.contains("wgmma") { 96 } else { 32 };
            assert!(usage.registers <= most && usage.spill_bytes == 0, "{}: {usage:?}", path.display());
        }
    }
}

#[test]
fn machine_code_is_kept_and_mistakes_come_back_with_the_assemblers_words() {
    let Some(ptxas) = ptxas() else { return };
    let folder = std::env::temp_dir().join(format!("tg-ptxas-test-{}", std::process::id()));
    let cache = Cache::new(folder.clone(), CACHE_LIMIT);
    let head = ".version 7.1\n.target sm_80\n.address_size 64\n";
    let source = format!("{head}.visible .entry tgk_nothing()\n{{\n  ret;\n}}\n");
    let made = ptxas.assemble(&source, Isa::Sm80, Some(&cache)).expect("machine code");
    assert_eq!((&made.bytes[..4], &*made.usage[0].kernel), (&b"\x7fELF"[..], "tgk_nothing"));
    assert_eq!(ptxas.assemble(&source, Isa::Sm80, Some(&cache)), Ok(made));
    assert_eq!(fs::read_dir(&folder).expect("the cache").count(), 1);
    drop(fs::remove_dir_all(&folder));
    let error = ptxas.assemble(&source.replace("ret", "oops"), Isa::Sm80, None).unwrap_err().to_string();
    assert!(error.contains("oops") && error.contains("-arch sm_80"), "{error}");
}

/// `method` of tensors of these shapes; arguments that are left are those that `method` takes when none is given.
fn program(method: &str, dtype: DType, shapes: &[&[i64]], isa: Isa) -> Program {
    let graph = Graph::new();
    let buffer = |shape: &&[i64]| graph.buffer(dtype, shape.iter().map(|size| (*size).into()).collect());
    let buffers: Vec<_> = shapes.iter().map(buffer).collect();
    let method = find(method).expect("a method");
    let axis = (method.name == "softmax").then_some(Argument::Int(-1));
    let given: Vec<_> = buffers.iter().map(|buffer| Argument::Tensor(*buffer)).chain(axis).collect();
    let missing = std::iter::repeat_n(Argument::None, method.params.len() - given.len());
    let result = (method.call)(&graph, &given.into_iter().chain(missing).collect::<Vec<_>>());
    let Ok(Argument::Tensor(result)) = result else { panic!("{} has no result", method.name) };
    let inputs = buffers.iter().map(|buffer| (format!("{buffer:?}"), *buffer)).collect();
    let outputs = vec![("result".into(), result)];
    let function = Function { name: "f".into(), inputs, scalars: vec![], constants: vec![], updates: vec![], outputs };
    compile(&graph, &function, &[isa], Language::Ptx)
}

/// The last kernel of a function with as many, and what its threads may use.
struct Bound {
    method: &'static str,
    dtype: DType,
    shapes: &'static [&'static [i64]],
    isas: &'static [Isa],
    kernels: usize,
    /// Registers of a thread. A block must fit: 65536 registers for all of its threads.
    registers: u32,
}

const ROWS: &[&[i64]] = &[&[65536, 4096]];
const SQUARES: &[&[i64]] = &[&[4096, 4096], &[4096, 4096]];
const UNEVEN: &[&[i64]] = &[&[4001, 4003], &[4003, 4007]];
const SMALL_SQUARES: &[&[i64]] = &[&[512, 512], &[512, 512]];
const FEW_ROWS: &[&[i64]] = &[&[16, 8192], &[8192, 8192]];
/// Pictures and 3 × 3 weights of 64 and of 256 channels, and pictures and 7 × 7 weights of three.
const CHANNELS_64: &[&[i64]] = &[&[32, 64, 58, 58], &[64, 64, 3, 3]];
const CHANNELS_256: &[&[i64]] = &[&[8, 256, 30, 30], &[256, 256, 3, 3]];
const CHANNELS_3: &[&[i64]] = &[&[32, 3, 118, 118], &[64, 3, 7, 7]];

const BOUNDS: &[Bound] = &[
    Bound { method: "softmax", dtype: DType::F32, shapes: ROWS, isas: &ISAS, kernels: 1, registers: 40 },
    Bound { method: "softmax", dtype: DType::BF16, shapes: ROWS, isas: &ISAS, kernels: 1, registers: 64 },
    Bound { method: "layernorm", dtype: DType::F32, shapes: ROWS, isas: &ISAS, kernels: 1, registers: 40 },
    Bound { method: "layernorm", dtype: DType::BF16, shapes: ROWS, isas: &ISAS, kernels: 1, registers: 64 },
    // 128 sums for each thread, and one block of 256 threads at a time on a multiprocessor.
    Bound { method: "matmul", dtype: DType::BF16, shapes: SQUARES, isas: &[Isa::Sm80], kernels: 1, registers: 240 },
    Bound { method: "matmul", dtype: DType::BF16, shapes: SQUARES, isas: &[Isa::Sm90a], kernels: 1, registers: 176 },
    Bound { method: "matmul", dtype: DType::F16, shapes: SQUARES, isas: &[Isa::Sm90a], kernels: 1, registers: 176 },
    Bound {
        method: "matmul",
        dtype: DType::BF16,
        shapes: SMALL_SQUARES,
        isas: &[Isa::Sm80],
        kernels: 1,
        registers: 240,
    },
    Bound {
        method: "matmul",
        dtype: DType::BF16,
        shapes: SMALL_SQUARES,
        isas: &[Isa::Sm90a],
        kernels: 1,
        registers: 64,
    },
    // Eight loads of 16 bytes under way, and two of the other factor, in 512 threads.
    Bound { method: "matmul", dtype: DType::BF16, shapes: FEW_ROWS, isas: &[Isa::Sm90a], kernels: 1, registers: 128 },
    // After copies of both factors. For sm80, with two blocks at a time, conditions at the edge take some registers too many.
    Bound { method: "matmul", dtype: DType::BF16, shapes: UNEVEN, isas: &[Isa::Sm90a], kernels: 3, registers: 176 },
    Bound { method: "matmul_tf32", dtype: DType::F32, shapes: UNEVEN, isas: &[Isa::Sm90a], kernels: 3, registers: 176 },
    Bound { method: "matmul_tf32", dtype: DType::F32, shapes: SQUARES, isas: &[Isa::Sm80], kernels: 3, registers: 240 },
    Bound {
        method: "matmul_tf32",
        dtype: DType::F32,
        shapes: SQUARES,
        isas: &[Isa::Sm90a],
        kernels: 3,
        registers: 176,
    },
    Bound { method: "matmul_tf32", dtype: DType::F32, shapes: SMALL_SQUARES, isas: &ISAS, kernels: 1, registers: 240 },
    Bound { method: "matmul", dtype: DType::F32, shapes: SQUARES, isas: &ISAS, kernels: 1, registers: 128 },
    Bound { method: "matmul", dtype: DType::F32, shapes: SMALL_SQUARES, isas: &ISAS, kernels: 1, registers: 128 },
    // After copies with channels last; few columns of the tile, and so few threads.
    Bound { method: "conv2d", dtype: DType::BF16, shapes: CHANNELS_64, isas: &ISAS, kernels: 3, registers: 255 },
    Bound { method: "conv2d", dtype: DType::BF16, shapes: CHANNELS_256, isas: &ISAS, kernels: 3, registers: 240 },
    Bound { method: "conv2d", dtype: DType::BF16, shapes: CHANNELS_3, isas: &ISAS, kernels: 3, registers: 255 },
    Bound { method: "conv2d", dtype: DType::F32, shapes: CHANNELS_64, isas: &ISAS, kernels: 1, registers: 128 },
    Bound { method: "conv2d", dtype: DType::F32, shapes: CHANNELS_256, isas: &ISAS, kernels: 1, registers: 160 },
    Bound { method: "conv2d", dtype: DType::F32, shapes: CHANNELS_3, isas: &ISAS, kernels: 1, registers: 240 },
];

#[test]
fn main_kernels_keep_their_values_in_few_registers() {
    let Some(ptxas) = ptxas() else { return };
    let mut broken = vec![];
    for (bound, isa) in BOUNDS.iter().flat_map(|bound| bound.isas.iter().map(move |isa| (bound, *isa))) {
        let program = program(bound.method, bound.dtype, bound.shapes, isa);
        let case = format!("{} {} {:?} on {}", bound.method, bound.dtype, bound.shapes, isa.name());
        assert_eq!(program.kernels.len(), bound.kernels, "{case}");
        let kernel = &program.kernels[bound.kernels - 1];
        let source = format!("{}{}", program.prelude[0], kernel.variants[0].source);
        let cubin = ptxas.assemble(&source, isa, None).unwrap_or_else(|e| panic!("{case}: {e}"));
        let usage = &cubin.usage[0];
        let holds = usage.spill_bytes == 0 && usage.registers <= bound.registers && cubin.losses.is_empty();
        broken.extend(
            (!holds).then(|| format!("{case}: {usage:?}, at most {} registers; {:?}", bound.registers, cubin.losses)),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
