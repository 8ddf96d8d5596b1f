//! One run of the C compiler: source text in, assembly or object code out.
//!
//! The source comes through standard input and must be complete in itself: what it would `#include` is not part of the
//! cache key. Nothing here knows of the cache or of other jobs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tg_core::target::{Arch, Isa};

use crate::compiler::{Compiler, Family};
use crate::embed::normalize;
use crate::error::Error;
use crate::process::{Stopped, command_line, run};

/// Longest time one compiler may run: a kernel takes well under a second, so this only ever stops a compiler that
/// hangs, without failing on a machine that is merely busy.
pub const COMPILE_LIMIT: Duration = Duration::from_secs(60);

/// One C source to be compiled for one instruction-set level.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Job {
    /// Freestanding GNU C11 without includes, whose kernels are named `tgk_…` (see [`crate::PLACEHOLDER`]).
    pub source: String,
    /// The level it may use.
    pub isa: Isa,
}

/// What the compiler is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// Normalized assembly text.
    Assembly,
    /// A relocatable object file.
    Object,
}

/// Same for every target: IEEE results except for contraction into FMA, and nothing in the output but the kernel.
const COMMON_FLAGS: &[&str] = &[
    "-O2",
    "-std=gnu11",
    "-ffreestanding",
    "-fPIC",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-ident",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-stack-protector",
    "-fvisibility=hidden",
    "-ffunction-sections",
    // A table of constants can then be dropped together with the only kernel that reads it.
    "-fdata-sections",
    "-ffp-contract=fast",
    "-w",
];

fn isa_flags(isa: Isa) -> &'static [&'static str] {
    match isa {
        Isa::X86V2 => &["-march=x86-64-v2"],
        Isa::X86V3 => &["-march=x86-64-v3"],
        // Tuned for some processor that has these vectors: for none in particular, GCC reads a vector anew for each
        // multiply-add that needs it.
        Isa::X86V4 => &["-march=x86-64-v4", "-mtune=icelake-server", "-mprefer-vector-width=512"],
        Isa::Neon => &["-march=armv8-a"],
        Isa::Baseline | Isa::Sm80 | Isa::Sm90a => &[],
    }
}

/// Distributions turn control-flow protection on by default; rustc's own code has none to match.
fn arch_flags(arch: Arch) -> &'static [&'static str] {
    match arch {
        Arch::X86_64 => &["-fcf-protection=none"],
        Arch::Aarch64 => &["-mbranch-protection=none"],
        Arch::Other => &[],
    }
}

fn family_flags(family: Family) -> &'static [&'static str] {
    match family {
        // What the next iteration reads again (the row of a convolution, one tap on) would be carried over in registers,
        // of which a tile leaves none.
        Family::Gcc => &["-fno-predictive-commoning"],
        // No table of address-taken symbols, which only lld understands, and no comments.
        Family::Clang => &["-fno-addrsig", "-fno-verbose-asm"],
    }
}

/// The options for `isa` and `product`, without the names of input and output.
pub(crate) fn flags(compiler: &Compiler, isa: Isa, product: Product) -> Vec<&'static str> {
    let mode = match product {
        Product::Assembly => "-S",
        Product::Object => "-c",
    };
    let parts =
        [&[mode], COMMON_FLAGS, arch_flags(compiler.target.arch), family_flags(compiler.family), isa_flags(isa)];
    parts.concat()
}

/// Compiles `job`.
///
/// # Errors
/// [`Error::Start`], [`Error::Failed`], [`Error::TimedOut`], [`Error::NotText`], each with the command line.
pub(crate) fn compile(compiler: &Compiler, job: &Job, product: Product) -> Result<Vec<u8>, Error> {
    let mut argv = compiler.argv.clone();
    argv.extend(flags(compiler, job.isa, product).into_iter().map(OsString::from));
    match product {
        Product::Assembly => {
            let bytes = compile_to(&mut argv, Path::new("-"), &job.source)?;
            let text = String::from_utf8(bytes).map_err(|_| Error::NotText { command: command_line(&argv) })?;
            Ok(normalize(&text).into_bytes())
        }
        Product::Object => {
            // Assemblers seek in their output, so an object cannot come through a pipe.
            let folder = Scratch::new().map_err(|e| start_error(&argv, &e))?;
            let file = folder.0.join("kernel.o");
            compile_to(&mut argv, &file, &job.source)?;
            fs::read(&file).map_err(|e| start_error(&argv, &e))
        }
    }
}

/// Runs the compiler with its output in `output` (`-`: returned) and judges how it ended.
fn compile_to(argv: &mut Vec<OsString>, output: &Path, source: &str) -> Result<Vec<u8>, Error> {
    argv.extend(["-x".into(), "c".into(), "-o".into(), output.into(), "-".into()]);
    run_within(argv, source, COMPILE_LIMIT)
}

pub(crate) fn run_within(argv: &[OsString], source: &str, limit: Duration) -> Result<Vec<u8>, Error> {
    let finished = run(argv, source, limit).map_err(|stopped| match stopped {
        Stopped::Io(e) => start_error(argv, &e),
        Stopped::TimedOut => Error::TimedOut { command: command_line(argv), seconds: limit.as_secs() },
    })?;
    if finished.status.success() {
        return Ok(finished.stdout);
    }
    let stderr = String::from_utf8_lossy(&finished.stderr).into_owned();
    Err(Error::Failed { command: command_line(argv), status: finished.status.to_string(), stderr })
}

fn start_error(argv: &[OsString], error: &std::io::Error) -> Error {
    Error::Start { command: command_line(argv), reason: error.to_string() }
}

/// A new folder of one's own, removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> std::io::Result<Scratch> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("tg-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        // The temporary folder is shared with other users: what is executed later must be ours alone.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::host_triple;

    fn host() -> std::sync::Arc<Compiler> {
        Compiler::find(&host_triple()).unwrap()
    }

    fn job(source: &str) -> Job {
        Job { source: source.into(), isa: host().target.isas()[0] }
    }

    #[test]
    fn no_flag_changes_what_a_kernel_computes() {
        for &isa in Isa::ALL {
            for product in [Product::Assembly, Product::Object] {
                let flags = flags(&host(), isa, product);
                assert!(flags.contains(&"-O2") && !flags.iter().any(|f| f.contains("fast-math")), "{flags:?}");
            }
        }
    }

    #[test]
    fn a_kernel_becomes_assembly_without_local_names_of_its_own() {
        let source = "static int twice(int x); void tgk_f(int *p) { *p = twice(*p); }
            static __attribute__((noinline)) int twice(int x) { return 2 * x; }";
        let text = String::from_utf8(compile(&host(), &job(source), Product::Assembly).unwrap()).unwrap();
        assert!(text.contains("\ntgk_f:\n") && text.contains("\ntgk_.twice"), "{text}");
        assert!(!text.contains(".file") && !text.contains(".note"), "{text}");
    }

    #[test]
    fn an_object_is_an_elf_file_and_leaves_no_folder() {
        let bytes = compile(&host(), &job("void tgk_f(int *p) { *p = 1; }"), Product::Object).unwrap();
        assert_eq!(&bytes[..4], b"\x7fELF");
        let path = Scratch::new().map(|folder| folder.0.clone()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_rejected_source_comes_back_with_the_compilers_words_and_command() {
        let error = compile(&host(), &job("int tgk_f(void) { return oops; }"), Product::Assembly).err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, Error::Failed { .. }));
        assert!(text.contains("oops") && text.contains("-O2"), "{text}");
    }

    #[test]
    #[cfg(unix)]
    fn a_compiler_that_hangs_is_stopped_and_named() {
        let argv = ["sleep", "100000"].map(OsString::from);
        let error = run_within(&argv, "", Duration::from_millis(10)).err();
        assert_eq!(error, Some(Error::TimedOut { command: "sleep 100000".into(), seconds: 0 }));
    }

    #[test]
    fn a_compiler_that_vanished_is_named() {
        let mut compiler = Compiler::clone(&host());
        compiler.argv = vec!["/nonexistent/cc".into()];
        let text = compile(&compiler, &job(""), Product::Assembly).err().unwrap().to_string();
        assert!(text.contains("/nonexistent/cc -S"), "{text}");
    }
}
