//! Random tensor functions as machine code: rendered, compiled by the C compiler or by rustc, run, and compared with
//! the reference interpreter.
//!
//! `TG_FUZZ=N` tries N functions, `TG_FUZZ_SEED=S` starts with that one.

#[path = "../../tg-core/tests/memory/mod.rs"]
mod memory;
#[path = "../../tg-core/tests/random/mod.rs"]
mod random;

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use tg_core::compile::{Kernel, Language, Origin, Plan, Program, Slot, plan};
use tg_core::dim::Dim;
use tg_core::interpret::Array;
use tg_core::ir::Graph;
use tg_core::optimize::{Entry, Tuning};
use tg_core::target::{Arch, Isa};
use tg_toolchain::{Job, Toolchain, host_triple};

use self::memory::{decode, encode};
use self::random::{build, mismatch, seeds};

/// A compiled function with its data.
struct Call {
    seed: u64,
    program: Program,
    text: String,
    /// Values of the program's run-time dimensions.
    dims: Vec<i64>,
    inputs: Vec<Array>,
    expected: Vec<(Array, f64)>,
}

impl Call {
    fn new(seed: u64, isa: Isa, language: Language) -> Call {
        Call::tuned(seed, isa, language, |_| Tuning::default())
    }

    fn tuned(seed: u64, isa: Isa, language: Language, tuning: impl Fn(&Plan) -> Tuning) -> Call {
        let graph = Graph::new();
        let case = build(&graph, seed);
        let mut plan = plan(&graph, &case.function);
        plan.tune(&tuning(&plan));
        let program = plan.render(&[isa], language);
        let dims = program.dims.iter().map(|v| case.var(v)).collect();
        Call { seed, text: case.text(), dims, program, inputs: case.inputs.clone(), expected: case.expected.clone() }
    }

    fn size(&self, dim: &Dim) -> i64 {
        let value = |v: &_| self.program.dims.iter().position(|d| d == v).map(|i| self.dims[i]);
        dim.eval(&|v| value(v).unwrap_or(v.min))
    }

    /// The name of a kernel, which no other function has.
    fn symbol(&self, kernel: &Kernel) -> String {
        kernel.name.replacen("tgk_", &format!("tgk_{}_", self.seed), 1)
    }

    fn source(&self, kernel: &Kernel) -> String {
        kernel.variants[0].source.replacen(&kernel.name, &self.symbol(kernel), 1)
    }

    /// The row of this call in the launcher's table.
    fn row(&self) -> String {
        let params = self.program.params.len();
        let place = |slot: &Slot| match *slot {
            Slot::Param(i) => i as usize,
            Slot::Workspace(i) => params + i as usize,
        };
        let launch = |kernel: &Kernel| {
            let variant = &kernel.variants[0];
            let args: Vec<usize> = kernel.args.iter().map(place).collect();
            let iterations = self.size(&variant.extent) / variant.tile;
            let (entry, scratch) = (self.symbol(kernel), variant.scratch);
            format!("Launch {{ entry: {entry}, args: &{args:?}, iterations: {iterations}, scratch: {scratch} }}")
        };
        let launches: Vec<String> = self.program.kernels.iter().map(launch).collect();
        let stored = self.expected.iter().map(|(a, _)| a.data.len() * a.dtype.bytes());
        let bytes: Vec<usize> = stored.chain(self.program.workspace.iter().map(|d| self.size(d) as usize)).collect();
        let (seed, dims) = (self.seed, &self.dims);
        format!(
            "Case {{ seed: {seed}, bytes: &{bytes:?}, params: {params}, dims: &{dims:?}, launches: &[{}] }},\n",
            launches.join(", ")
        )
    }

    /// The parameters before the call; outputs hold what no result may depend on.
    fn input(&self) -> Vec<u8> {
        let bytes = self.inputs.iter().flat_map(encode).collect::<Vec<u8>>();
        let outputs = self.expected[self.inputs.len()..].iter();
        let garbage = outputs.map(|(a, _)| a.data.len() * a.dtype.bytes()).sum();
        [bytes, vec![0xff; garbage]].concat()
    }

    /// What is wrong with the parameters after the call.
    fn check(&self, output: &mut &[u8]) -> Option<String> {
        let mut wrong = vec![];
        for (i, (expected, error)) in self.expected.iter().enumerate() {
            let (bytes, rest) = output.split_at(expected.data.len() * expected.dtype.bytes());
            *output = rest;
            let data = bytes.chunks(expected.dtype.bytes()).map(|b| decode(b, expected.dtype)).collect();
            let actual = Array { data, ..expected.clone() };
            wrong.extend(mismatch(&actual, expected, *error).map(|words| format!("parameter {i}: {words}")));
        }
        let sources = self.program.kernels.iter().map(|k| format!("// {}\n{}", k.variants[0].actions, self.source(k)));
        let sources: String = sources.collect();
        (!wrong.is_empty()).then(|| format!("seed {}: {}\n{}\n{sources}", self.seed, wrong.join("\n"), self.text))
    }
}

/// The instruction sets of this processor that kernels are compiled for.
fn isas() -> Vec<Isa> {
    #[cfg(target_arch = "x86_64")]
    let usable = |isa: &Isa| match isa {
        Isa::X86V3 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        Isa::X86V4 => is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512dq"),
        _ => true,
    };
    #[cfg(not(target_arch = "x86_64"))]
    let usable = |_: &Isa| true;
    Arch::of_triple(&host_triple()).isas().iter().copied().filter(usable).collect()
}

/// A folder of its own, removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a new folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the target directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Builds the launcher with `kernels` in `folder`, and runs it on all calls.
fn launch(folder: &Path, kernels: &str, objects: &[Vec<u8>], calls: &[Call]) -> Vec<u8> {
    let program = folder.join("launcher");
    fs::write(folder.join("launcher.rs"), include_str!("compiled/launcher.rs")).expect("a source file");
    let rows: String = calls.iter().map(Call::row).collect();
    let table = format!("use super::{{Case, Launch}};\n{kernels}\npub static CASES: &[Case] = &[\n{rows}];\n");
    fs::write(folder.join("kernels.rs"), table).expect("a source file");
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
    rustc.args(["--edition", "2024", "-Awarnings", "-Copt-level=1", "launcher.rs", "-o"]).arg(&program);
    for (i, object) in objects.iter().enumerate() {
        fs::write(folder.join(format!("kernels{i}.o")), object).expect("an object file");
        rustc.arg(format!("-Clink-arg=kernels{i}.o"));
    }
    let built = rustc.current_dir(folder).output().expect("rustc starts");
    assert!(built.status.success(), "rustc: {}", String::from_utf8_lossy(&built.stderr));
    let input: Vec<u8> = calls.iter().flat_map(Call::input).collect();
    let mut child =
        Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the launcher starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the launcher ends");
    writer.join().expect("a thread").expect("the launcher reads all");
    assert!(output.status.success(), "the launcher: {}", output.status);
    output.stdout
}

fn compare(calls: &[Call], output: &[u8]) {
    let mut output = output;
    let wrong: Vec<String> = calls.iter().filter_map(|call| call.check(&mut output)).collect();
    let first = wrong.first().map_or("", String::as_str);
    let seeds: Vec<&str> = wrong.iter().filter_map(|text| text.split('\n').next()).collect();
    assert!(wrong.is_empty(), "{first}\n{} functions differ:\n{}", wrong.len(), seeds.join("\n"));
}

/// One C file of all kernels: types, then functions of preludes, each once.
fn c_source<'a>(calls: impl Iterator<Item = &'a Call> + Clone) -> String {
    let mut seen = HashSet::new();
    let (mut types, mut functions) = (String::new(), String::new());
    for part in calls.clone().flat_map(|call| parts(&call.program.prelude[0])).filter(|part| seen.insert(part.clone()))
    {
        let list = if part.starts_with("typedef") { &mut types } else { &mut functions };
        *list += &part;
    }
    calls.flat_map(|call| call.program.kernels.iter().map(|k| call.source(k))).fold(types + &functions, |a, b| a + &b)
}

/// The lines of a prelude; those from #if to #endif are one part.
fn parts(prelude: &str) -> Vec<String> {
    let (mut parts, mut part, mut open) = (vec![], String::new(), 0);
    for line in prelude.lines() {
        open += line.starts_with("#if") as usize;
        open -= line.starts_with("#endif") as usize;
        part += &format!("{line}\n");
        if open == 0 {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts
}

/// What the parameters of all calls hold after their kernels, written in C, ran.
fn output_in_c(calls: &[Call], name: &str) -> Vec<u8> {
    let of = |isa: Isa| calls.iter().filter(move |c| c.program.kernels.iter().all(|k| k.variants[0].isa == isa));
    let jobs: Vec<Job> = isas().into_iter().map(|isa| Job { source: c_source(of(isa)), isa }).collect();
    let toolchain = Toolchain::new(&host_triple(), None).expect("a C compiler");
    let objects = toolchain.object_all(&jobs).unwrap_or_else(|error| panic!("{error}"));
    let signature = "(_: *const *mut u8, _: *const i64, _: i64, _: i64, _: *mut u8);";
    let names = calls.iter().flat_map(|call| call.program.kernels.iter().map(|k| call.symbol(k)));
    let declarations: String = names.map(|name| format!("fn {name}{signature}\n")).collect();
    launch(&Folder::new(name).0, &format!("unsafe extern \"C\" {{\n{declarations}}}"), &objects, calls)
}

/// The same for kernels written in Rust.
fn output_in_rust(calls: &[Call], name: &str) -> Vec<u8> {
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tg-runtime/src/kernel/mod.rs");
    let kernels = calls.iter().flat_map(|call| call.program.kernels.iter().map(|k| call.source(k)));
    let items: String = kernels.collect();
    let module = format!("#[path = {operations:?}] mod kernel;\nuse kernel::*;\n{items}");
    launch(&Folder::new(name).0, &module, &[], calls)
}

#[test]
fn kernels_in_c_agree_with_the_interpreter() {
    let isas = isas();
    let isa = |seed: u64| isas[(seed % isas.len() as u64) as usize];
    let calls: Vec<Call> = seeds(100).map(|seed| Call::new(seed, isa(seed), Language::C)).collect();
    compare(&calls, &output_in_c(&calls, "c"));
}

/// Lists that share a loop inside of others among threads, which then fill scratch memory each for its own share.
const SHARED_INSIDE: [&str; 6] = [
    "parallel(1)",
    "parallel(2)",
    "tile(1,2) parallel(1)",
    "tile(1,2) parallel(1) stage(0,0) prefetch(0)",
    "parallel(1) stage(0,0)",
    "tile(1,3) tile(1,1) parallel(1) stage(0,1) tile(2,2) prefetch(0)",
];

#[test]
fn shares_of_loops_inside_of_others_agree_with_the_interpreter() {
    let isa = isas()[0];
    let list = |seed: u64| SHARED_INSIDE[(seed % SHARED_INSIDE.len() as u64) as usize].parse().expect("actions");
    let entries = |seed: u64, plan: &Plan| {
        let entry = |kernel: tg_core::compile::Portable| {
            let nest = kernel.fingerprint();
            Entry { name: kernel.name, isa, nest, default_ns: 2, tuned_ns: 1, actions: list(seed) }
        };
        Tuning::new(plan.portable().map(entry))
    };
    let call = |seed| Call::tuned(seed, isa, Language::C, |plan| entries(seed, plan));
    let calls: Vec<Call> = seeds(100).map(call).collect();
    let variants = || calls.iter().flat_map(|call| call.program.kernels.iter().map(|kernel| &kernel.variants[0]));
    let applied = variants().filter(|variant| variant.origin == Origin::Tuned).count();
    assert!(applied * 10 > variants().count(), "the lists apply to {applied} of {} kernels", variants().count());
    compare(&calls, &output_in_c(&calls, "shares"));
}

#[test]
fn kernels_in_rust_agree_with_the_interpreter() {
    let calls: Vec<Call> = seeds(30).map(|seed| Call::new(seed, Isa::Baseline, Language::Rust)).collect();
    compare(&calls, &output_in_rust(&calls, "rust"));
}

/// Both have vectors of 16 bytes and no fused multiply-add: what differs is a defect of one of the two.
#[test]
#[cfg(target_arch = "x86_64")]
fn kernels_in_rust_and_in_c_for_v2_give_the_same_bits() {
    let calls = |isa, language| seeds(30).map(|seed| Call::new(seed, isa, language)).collect::<Vec<Call>>();
    let c = calls(Isa::X86V2, Language::C);
    let (of_c, of_rust) =
        (output_in_c(&c, "same-c"), output_in_rust(&calls(Isa::Baseline, Language::Rust), "same-rust"));
    let (mut of_c, mut of_rust) = (&of_c[..], &of_rust[..]);
    for call in &c {
        let bytes = call.expected.iter().map(|(array, _)| array.data.len() * array.dtype.bytes()).sum();
        let ours = (of_c.split_off(..bytes), of_rust.split_off(..bytes));
        assert_eq!(ours.0, ours.1, "seed {}\n{}", call.seed, call.text);
    }
}
