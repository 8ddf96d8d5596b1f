//! Golden functions as kernels that are compiled and loaded while the test runs, from many threads at once, against the
//! tables and the interpreter.
//!
//! The environment chooses the C compiler once per process, so tests with another one run this program again as a child.

#[path = "../../tg-core/tests/calls/mod.rs"]
mod calls;
#[path = "../../tests/golden/mod.rs"]
mod golden;
#[path = "jit/launch.rs"]
mod launch;
#[path = "../../tg-core/tests/memory/mod.rs"]
mod memory;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::{fs, thread};

use tg_core::ir::Graph;
use tg_runtime::Config;
use tg_runtime::jit::{Compiler, JitError};
use tg_runtime::loader::Code;

use self::launch::Call;

/// Cases of each theme: enough for every kind of kernel, and few enough to start a compiler for each.
const CASES: usize = 4;

const THREADS: usize = 16;

/// A folder of its own, removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        Folder(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("jit-{name}-{}", std::process::id())))
    }

    fn compiler(&self) -> Compiler {
        Compiler::new(&self.config()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn config(&self) -> Config {
        Config { cache: Some(self.0.clone()), ..Config::default() }
    }

    fn entries(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.0).expect("a cache").map(|entry| entry.expect("an entry").path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the target directory.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The first cases of every theme, rendered for `compiler`.
fn calls(compiler: &Compiler) -> Vec<Call> {
    let cases = golden::THEMES.iter().flat_map(|(theme, _)| {
        let cases = golden::cases(theme).unwrap_or_else(|error| panic!("{error}"));
        cases.into_iter().take(CASES)
    });
    cases.map(|case| Call::new(&Graph::new(), case, compiler.isa()).unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// Runs all calls in each of many threads, which begin at different ones.
fn run_in_threads(compiler: &Compiler, calls: &[Call]) -> Vec<String> {
    let work = |number: usize| {
        let order = calls.iter().cycle().skip(number * calls.len() / THREADS).take(calls.len());
        let outcome = |call: &Call| compiler.code(&call.source).map_err(|e| e.to_string()).and_then(|c| call.check(&c));
        order.filter_map(|call| outcome(call).err().map(|error| format!("{}: {error}", call.case.name))).collect()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().flat_map(|thread| -> Vec<String> { thread.join().expect("no panic") }).collect()
    })
}

#[test]
fn golden_functions_from_many_threads() {
    let folder = Folder::new("golden");
    let compiler = folder.compiler();
    let calls = calls(&compiler);
    let failures = run_in_threads(&compiler, &calls);
    assert!(failures.is_empty(), "{} calls fail:\n{}", failures.len(), failures.join("\n"));
    // Two cases may have the same text; none is compiled twice.
    let mut sources: Vec<&str> = calls.iter().map(|call| call.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(compiler.started(), sources.len());

    let again = folder.compiler();
    assert!(calls.iter().all(|call| call.check(&again.code(&call.source).expect("code")).is_ok()));
    assert_eq!(again.started(), 0, "all objects are on the disk");
}

/// Runs a test of this program in a process of its own with other variables; what it has printed, if it passed.
fn in_child(test: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    let output =
        child.args(["--exact", test, "--nocapture"]).envs(variables.iter().copied()).output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    text.into_owned()
}

#[test]
fn golden_functions_by_clang() {
    if Command::new("clang").arg("--version").output().is_err() {
        println!("SKIPPED: clang is not installed");
        return;
    }
    in_child("golden_functions_from_many_threads", &[("CC", "clang")]);
}

/// Set for a child, which is to find no C compiler, or no cache.
const CHILD: &str = "TG_TEST_CHILD";

#[test]
fn without_a_c_compiler_there_is_an_error_that_says_so() {
    if std::env::var_os(CHILD).is_none() {
        let nowhere = [(CHILD, "1"), ("CC", "/nonexistent/cc"), ("PATH", "/nonexistent"), ("TG_CACHE", "off")];
        in_child("without_a_c_compiler_there_is_an_error_that_says_so", &nowhere);
        return;
    }
    let error = Compiler::of_process().expect_err("no compiler");
    let text = error.to_string();
    assert!(text.contains("no C compiler: `/nonexistent/cc` is not installed"), "{text}");
    assert_eq!(Compiler::of_process().expect_err("as before"), error);
}

const SOURCE: &str = "void tgk_f(unsigned char *const *buffers) { *(int *)buffers[0] = 42; }";

/// What the kernel `tgk_f` writes.
fn answer(code: &Code) -> i32 {
    let kernel = code.kernel("tgk_f").expect("a kernel");
    let mut result = 0i32;
    let buffers = [(&raw mut result).cast::<u8>()];
    // SAFETY: the kernels of these tests write 4 bytes into the first buffer, and take no other arguments.
    unsafe { kernel(buffers.as_ptr(), std::ptr::null(), 0, 1, std::ptr::null_mut()) };
    result
}

#[test]
fn damaged_entries_are_compiled_again() {
    let folder = Folder::new("damaged");
    assert_eq!(answer(&folder.compiler().code(SOURCE).expect("code")), 42);
    let is_object = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| bytes.windows(5).any(|w| w == b"tgk_f"));
    let entry = folder.entries().into_iter().find(is_object).expect("an object");
    let whole = fs::read(&entry).expect("an entry");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&whole[..0], &whole[..32], &whole[..whole.len() - 1], &flipped, &[whole.as_slice(), b"x"].concat()]
    {
        fs::write(&entry, damaged).expect("a file that can be written");
        let compiler = folder.compiler();
        assert_eq!((answer(&compiler.code(SOURCE).expect("code")), compiler.started()), (42, 1));
        assert_eq!(fs::read(&entry).expect("an entry"), whole);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_said_once() {
    const TEST: &str = "a_cache_that_cannot_be_written_is_said_once";
    if std::env::var_os(CHILD).is_none() {
        // A file where the folder should be: no user can write there.
        let file = std::env::current_exe().expect("this program");
        let text = in_child(TEST, &[(CHILD, "1"), ("TG_CACHE", file.to_str().expect("a path of letters"))]);
        assert_eq!(text.matches("cannot be kept in `").count(), 1, "{text}");
        return;
    }
    let compiler = Compiler::of_process().unwrap_or_else(|error| panic!("{error}"));
    for text in [SOURCE, &format!("{SOURCE} ")] {
        assert_eq!(answer(&compiler.code(text).expect("code")), 42);
    }
    assert_eq!(compiler.started(), 2);
}

#[test]
fn code_is_made_once_and_stays_while_somebody_has_it() {
    let folder = Folder::new("once");
    let compiler = folder.compiler();
    let (first, second) = (compiler.code(SOURCE).expect("code"), compiler.code(SOURCE).expect("code"));
    assert!(Arc::ptr_eq(&first, &second));
    drop(compiler);
    assert_eq!(answer(&first), 42);
}

#[test]
fn mistakes_are_errors_each_time() {
    let folder = Folder::new("mistakes");
    let compiler = folder.compiler();
    for _ in 0..2 {
        let error = compiler.code("int tgk_f(void) { return oops; }").expect_err("a mistake");
        assert!(matches!(error, JitError::Compiler(_)) && error.to_string().contains("oops"), "{error}");
        let error = compiler.code("extern void oops(void); void tgk_f(void) { oops(); }").expect_err("undefined");
        assert!(error.to_string().contains("`oops` is not defined"), "{error}");
    }
}

/// Code for fixed addresses, as compilers make it without `-fPIC`: it has to lie where 32 bits reach, and does.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn code_for_fixed_addresses_is_loaded() {
    let tools = tg_toolchain::Compiler::find(&tg_toolchain::host_triple()).expect("a C compiler");
    let folder = Folder::new("fixed");
    fs::create_dir_all(&folder.0).expect("a folder");
    let (source, object) = (folder.0.join("f.c"), folder.0.join("f.o"));
    let text = "static int table[8] = {40, 2}; int counts[100];
        void tgk_f(unsigned char *const *b) { long i = *(int *)b[0]; counts[i]++; *(int *)b[0] = table[i] + table[i + counts[i]]; }";
    fs::write(&source, text).expect("a file");
    let mut command = Command::new(&tools.argv[0]);
    command.args(&tools.argv[1..]).args(["-O2", "-fno-pic", "-fcf-protection=none", "-c", "-o"]);
    assert!(command.arg(&object).arg(&source).status().expect("a compiler").success());
    let code = Code::load(&fs::read(&object).expect("an object"), &tg_runtime::loader::imports()).expect("code");
    assert_eq!(answer(&code), 42);
}

/// Tables of functions and of jumps, memory that begins as zeros, and functions of the process.
#[test]
fn every_kind_of_section_works() {
    let text = "typedef __SIZE_TYPE__ size_t; extern void *memcpy(void *, const void *, size_t);
        static void one(int *p) { *p += 1; } static void two(int *p) { *p += 2; }
        static void (*const functions[])(int *) = {one, two};
        static int zeros[1000]; static int data[2] = {3, 4}; static const int constants[4] = {10, 20, 0, 0};
        int choose(int i, int a) { switch (i) { case 0: return a * 3; case 1: return a - 7; case 2: return a / 3;
            case 3: return a % 5; case 4: return a ^ 77; case 5: return a << 3; default: return 0; } }
        void tgk_f(unsigned char *const *buffers) {
            int *r = (int *)buffers[0]; volatile int i = 0;
            functions[i](r); functions[i + 1](r);              /* 3 */
            *r += zeros[i + 999]++ + zeros[i + 999];           /* 4 */
            *r += constants[i] + data[i + 1];                  /* 18 */
            *r += choose(i, 9) + choose(i + 3, 17);            /* 47 */
            memcpy(zeros, constants, 8 + i);
            *r += zeros[i + 1] - 25;                           /* 42 */
        }";
    let folder = Folder::new("sections");
    assert_eq!(answer(&folder.compiler().code(text).expect("code")), 42);
}
