//! Embedded assembly links and runs: kernels of every level, each embedded twice in one Rust program.
//!
//! The program is compiled by rustc from a temporary folder, so what LLVM's assembler and the linker think of the text
//! is part of the test.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tg_core::target::{Isa, Target};
use tg_toolchain::{Job, Toolchain, host_triple};

/// Vector code with constants, tables, a jump table, a static function, static memory and calls into libc.
const KERNELS: &str = r#"
typedef float V __attribute__((vector_size(BYTES), aligned(4)));
#define LANES (BYTES / 4)
static const float weights[4][16] = {
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
    {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3}, {-1, -2, -3, -4, -5, -6, -7, -8, -9, 1, 2, 3, 4, 5, 6, 7}};
static int calls;
static __attribute__((noinline)) int count(int by) { return calls += by; }

void tgk_mix(float *out, const float *a, int op) {
  V x = *(const V *)a, c = {0.5f, 1.5f, 2.5f, 3.5f};
  switch (op) {
    case 0: x = x + c; break;
    case 1: x = x * c; break;
    case 2: x = c - x; break;
    case 3: x = x * x + c; break;
    case 4: x = x / 4; break;
    case 5: x = -x; break;
    case 6: x = x * 3 - 1; break;
  }
  *(V *)out = x + *(const V *)weights[op & 3];
}
int tgk_count(int by) { return count(by) + count(1); }
int tgk_name(int i) {
  static const int names[] = {101, 202, 303, 505, 707, 1111};
  return i >= 0 && i < 6 ? names[i] : -1;
}
double tgk_dot(const double *a, const double *b, long n) {
  double s = 0;
  for (long i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}
void tgk_clear(float *out, long n) { for (long i = 0; i < n; i++) out[i] = 0; }
int tgk_unused(int x) { return count(x) * 3; }
"#;

/// Calls every kernel of the block `prefix` and compares with the same computation in Rust.
const CHECK: &str = r#"
macro_rules! block {
    ($name:ident, $file:literal, $lanes:literal, $mix:ident $count:ident $called:ident $dot:ident $clear:ident) => {
        core::arch::global_asm!(include_str!($file), options(OPTIONS));
        unsafe extern "C" {
            fn $mix(out: *mut f32, a: *const f32, op: i32);
            fn $count(by: i32) -> i32;
            fn $called(i: i32) -> i32;
            fn $dot(a: *const f64, b: *const f64, n: i64) -> f64;
            fn $clear(out: *mut f32, n: i64);
        }
        fn $name() {
            let a: Vec<f32> = (0..$lanes).map(|i| i as f32 - 2.0).collect();
            for op in 0..8 {
                let mut out = vec![0.0; $lanes];
                // SAFETY: the kernel reads and writes $lanes floats.
                unsafe { $mix(out.as_mut_ptr(), a.as_ptr(), op) };
                let expected: Vec<f32> = (0..$lanes).map(|i| mixed(a[i], i, op)).collect();
                assert_eq!(out, expected, "{} {op}", stringify!($mix));
            }
            // SAFETY: only the block's own static memory is touched, by this thread.
            assert_eq!(unsafe { ($count(10), $count(5)) }, (10 + 11, 16 + 17));
            // SAFETY: takes any integer.
            let names: Vec<i32> = (-1..7).map(|i| unsafe { $called(i) }).collect();
            assert_eq!(names, [-1, 101, 202, 303, 505, 707, 1111, -1]);
            let d: Vec<f64> = (0..37).map(f64::from).collect();
            // SAFETY: both operands have 37 elements.
            assert_eq!(unsafe { $dot(d.as_ptr(), d.as_ptr(), 37) }, 16206.0);
            let mut z = vec![1.0f32; 1000];
            // SAFETY: 999 of the 1000 elements are written.
            unsafe { $clear(z.as_mut_ptr(), 999) };
            assert!(z[..999].iter().all(|&v| v == 0.0) && z[999] == 1.0);
        }
    };
}
fn mixed(x: f32, i: usize, op: i32) -> f32 {
    const WEIGHTS: [[f32; 16]; 4] = [
        [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15., 16.], [2.; 16],
        [3., 1., 4., 1., 5., 9., 2., 6., 5., 3., 5., 8., 9., 7., 9., 3.],
        [-1., -2., -3., -4., -5., -6., -7., -8., -9., 1., 2., 3., 4., 5., 6., 7.]];
    let c = if i < 4 { i as f32 + 0.5 } else { 0.0 };
    let x = match op { 0 => x + c, 1 => x * c, 2 => c - x, 3 => x * x + c, 4 => x / 4.0, 5 => -x, 6 => x * 3.0 - 1.0, _ => x };
    x + WEIGHTS[op as usize & 3][i]
}
"#;

#[cfg(target_arch = "x86_64")]
fn runs_here(isa: Isa) -> bool {
    use std::arch::is_x86_feature_detected as has;
    match isa {
        Isa::X86V2 => has!("sse4.2") && has!("popcnt"),
        Isa::X86V3 => has!("avx2") && has!("fma") && has!("bmi1") && has!("bmi2") && has!("lzcnt"),
        _ => has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn runs_here(isa: Isa) -> bool {
    isa == Isa::Neon
}

/// An empty folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("tg-embed-test-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    output.stdout
}

/// The program and, for each block that this processor can run, its name.
fn write_program(folder: &Folder, isas: &[Isa]) -> Vec<String> {
    let jobs: Vec<Job> = isas
        .iter()
        .map(|&isa| Job { source: format!("#define BYTES {}\n{KERNELS}", isa.vector_bytes()), isa })
        .collect();
    let assemblies = Toolchain::new(&host_triple(), None).unwrap().assemble_all(&jobs).unwrap();
    let (mut blocks, mut names) = (CHECK.to_string(), Vec::new());
    for (&isa, assembly) in isas.iter().zip(assemblies) {
        for copy in ["a", "b"] {
            let name = format!("{copy}_{}", isa.name());
            fs::write(folder.0.join(format!("{name}.s")), assembly.embed(&format!("{name}_")).unwrap()).unwrap();
            let lanes = isa.vector_bytes() / 4;
            let symbols = ["mix", "count", "name", "dot", "clear"].map(|kernel| format!("{name}_{kernel}")).join(" ");
            blocks += &format!("block!({name}, \"{name}.s\", {lanes}, {symbols});\n");
            names.extend(runs_here(isa).then_some(name));
        }
    }
    let calls: String = names.iter().map(|name| format!("    {name}(); println!(\"{name}\");\n")).collect();
    let options = if cfg!(target_arch = "x86_64") { "raw, att_syntax" } else { "raw" };
    let program = format!("#![allow(dead_code)]\n{blocks}\nfn main() {{\n{calls}}}\n").replace("OPTIONS", options);
    fs::write(folder.0.join("main.rs"), program).unwrap();
    names
}

#[test]
fn kernels_of_every_level_run_when_embedded_twice() {
    let folder = Folder::new();
    let names = write_program(&folder, Target::parse(&host_triple()).isas());
    assert!(!names.is_empty(), "no level runs here");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let program = folder.0.join("program");
    let mut compile = Command::new(rustc);
    run(compile.arg("--edition=2024").arg(folder.0.join("main.rs")).arg("-o").arg(&program));
    let printed = String::from_utf8(run(&mut Command::new(&program))).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), names);

    let binary = fs::read(&program).unwrap();
    let binary = String::from_utf8_lossy(&binary);
    let has = |text: &str| binary.contains(text);
    for name in &names {
        assert!(has(&format!("{name}_mix\0")), "{name}_mix is not among the symbols, which profilers would show");
        assert!(!has(&format!("{name}_unused\0")), "{name}_unused is in the binary, and nothing calls it");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_levels_use_their_registers_and_a_jump_table() {
    let toolchain = Toolchain::new(&host_triple(), None).unwrap();
    let assemble = |isa: Isa| {
        let source = format!("#define BYTES {}\n{KERNELS}", isa.vector_bytes());
        toolchain.assemble_all(&[Job { source, isa }]).unwrap().remove(0).text
    };
    for (isa, register, wider) in
        [(Isa::X86V2, "%xmm", "%ymm"), (Isa::X86V3, "%ymm", "%zmm"), (Isa::X86V4, "%zmm", "%tmm")]
    {
        let text = assemble(isa);
        assert!(text.contains(register) && !text.contains(wider), "{isa:?}");
        assert!(
            text.lines().any(|line| line.starts_with("\tjmp") && line.contains("\t*%")),
            "{isa:?} has no jump table to test"
        );
        assert!(text.contains("\t.hidden\ttgk_mix\n") && text.contains("\t.size\ttgk_mix, "), "{isa:?}");
    }
}
