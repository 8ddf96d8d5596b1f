//! Finds the C compiler for a target and decides what it is.
//!
//! The `cc` crate names the candidates, by the environment variables and prefixes every build script obeys; asking a
//! candidate `-v` then says in one start whether it works, which family it is of and which machine it compiles for.
//! CFLAGS are deliberately not used: `-ffast-math` or `-march=native` there would change what kernels compute or where
//! they run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tg_core::target::{Arch, ObjectFormat, Target};

use crate::error::Error;
use crate::process::{Stopped, run};

/// Longest time a compiler may take to say what it is; anything slower is not usable for compiling either.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// The compilers whose options and assembly are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// GNU C.
    Gcc,
    /// LLVM's C compiler, Apple's included.
    Clang,
}

/// A C compiler that works for a target.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// The program and the arguments that every call needs, wrapper (such as ccache) first.
    pub argv: Vec<OsString>,
    /// What it is.
    pub family: Family,
    /// Its version line.
    pub version: String,
    /// What it compiles for.
    pub target: Target,
    /// Everything that tells this compiler from another one, or from itself before an update.
    pub identity: String,
}

impl Compiler {
    /// Finds the compiler for `target` once per process; later calls repeat the first answer.
    ///
    /// # Errors
    /// [`Error::UnsupportedTarget`] and [`Error::NoCompiler`].
    pub fn find(target: &str) -> Result<Arc<Compiler>, Error> {
        type Answer = Result<Arc<Compiler>, Error>;
        static FOUND: Mutex<Vec<(String, Answer)>> = Mutex::new(Vec::new());
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = found.iter().find(|(name, _)| name == target) {
            return answer.clone();
        }
        let answer = find(target).map(Arc::new);
        found.push((target.to_owned(), answer.clone()));
        answer
    }

    /// Asks the program `argv` whether it is a C compiler for `target`; if not, says why in words.
    pub(crate) fn probe(argv: Vec<OsString>, path: &Path, target: &Target) -> Result<Compiler, String> {
        let mut compiler = ask(argv, path, target)?;
        if compiler.1 != machine(&target.triple) && compiler.0.family == Family::Clang {
            // Clang compiles for any machine when told to; freestanding code needs nothing else of the target.
            let mut argv = compiler.0.argv;
            argv.push(format!("--target={}", target.triple).into());
            compiler = ask(argv, path, target)?;
        }
        match compiler.1 == machine(&target.triple) {
            true => Ok(compiler.0),
            false => Err(format!("`{}` does not compile for this target", path.display())),
        }
    }
}

/// The triple of the machine this code runs on. Exact for the targets kernels are compiled for.
pub fn host_triple() -> String {
    let arch = std::env::consts::ARCH;
    let environment = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    match std::env::consts::OS {
        "linux" => format!("{arch}-unknown-linux-{environment}"),
        "macos" => format!("{arch}-apple-darwin"),
        "windows" if cfg!(target_env = "msvc") => format!("{arch}-pc-windows-msvc"),
        "windows" => format!("{arch}-pc-windows-gnu"),
        os => format!("{arch}-unknown-{os}"),
    }
}

fn machine(triple: &str) -> (Arch, ObjectFormat) {
    (Arch::of_triple(triple), ObjectFormat::of_triple(triple))
}

fn find(triple: &str) -> Result<Compiler, Error> {
    let target = Target::parse(triple);
    if target.arch == Arch::Other || target.format != ObjectFormat::Elf {
        return Err(Error::UnsupportedTarget { target: target.triple });
    }
    let mut tried: Vec<String> = Vec::new();
    for candidate in candidates(&target) {
        match candidate.and_then(|(argv, path)| Compiler::probe(argv, &path, &target)) {
            Ok(compiler) => return Ok(compiler),
            Err(reason) if tried.contains(&reason) => {}
            Err(reason) => tried.push(reason),
        }
    }
    Err(Error::NoCompiler { target: target.triple, tried })
}

/// A command to try and the program in it, or why there is none.
type Candidate = Result<(Vec<OsString>, PathBuf), String>;

/// What to try, best first; lazy, because naming a candidate already starts it.
fn candidates(target: &Target) -> impl Iterator<Item = Candidate> {
    let host = host_triple();
    let same_machine = machine(&host) == machine(&target.triple) && host != target.triple;
    // A musl target without musl-gcc: the host's compiler writes the same freestanding code.
    let by_name = [Some(target.triple.clone()), same_machine.then(|| host.clone())];
    let named = by_name.into_iter().flatten().map(move |triple| by_environment(&triple, &host));
    named.chain(std::iter::once_with(|| Ok((vec!["clang".into()], "clang".into()))))
}

/// The compiler that build scripts would use for `triple`.
fn by_environment(triple: &str, host: &str) -> Candidate {
    let mut build = cc::Build::new();
    build.target(triple).host(host).opt_level(3).debug(false).no_default_flags(true);
    build.cargo_metadata(false).cargo_warnings(false).cargo_debug(false).inherit_rustflags(false);
    let tool = build.try_get_compiler().map_err(|e| e.to_string())?;
    let command = tool.to_command();
    // The arguments end with those of CFLAGS; before them stand a wrapper's program and what CC itself says.
    let own = command.get_args().count().saturating_sub(tool.args().len());
    let argv = std::iter::once(command.get_program()).chain(command.get_args().take(own));
    Ok((argv.map(OsString::from).collect(), tool.path().to_owned()))
}

/// Runs `argv -v` and reads family, version and machine from it.
fn ask(argv: Vec<OsString>, path: &Path, target: &Target) -> Result<(Compiler, (Arch, ObjectFormat)), String> {
    let name = path.display();
    let mut question = argv.clone();
    question.push("-v".into());
    let finished = run(&question, "", PROBE_LIMIT).map_err(|stopped| match stopped {
        Stopped::Io(e) if e.kind() == std::io::ErrorKind::NotFound => format!("`{name}` is not installed"),
        Stopped::Io(e) => format!("`{name}` cannot be started ({e})"),
        Stopped::TimedOut => format!("`{name} -v` did not finish within {} s", PROBE_LIMIT.as_secs()),
    })?;
    let text = String::from_utf8_lossy(&finished.stderr) + String::from_utf8_lossy(&finished.stdout);
    let (family, version, triple) = read_version(&text).ok_or_else(|| format!("`{name}` is neither GCC nor Clang"))?;
    let identity = format!("{argv:?}\n{version}\n{triple}\n{}", modified(path));
    Ok((Compiler { argv, family, version, target: target.clone(), identity }, machine(&triple)))
}

/// Family, version line and machine, from what GCC and Clang print for `-v`.
fn read_version(text: &str) -> Option<(Family, String, String)> {
    let triple = text.lines().find_map(|line| line.strip_prefix("Target:"))?.trim();
    text.lines().find_map(|line| {
        let family = match line {
            _ if line.contains("clang version") => Family::Clang,
            _ if line.starts_with("gcc version") => Family::Gcc,
            _ => return None,
        };
        Some((family, line.trim().to_owned(), triple.to_owned()))
    })
}

/// When the program was installed, in nanoseconds since 1970 and with its size; empty if it cannot be found.
pub(crate) fn modified(program: &Path) -> String {
    let found = match program.components().count() {
        1 => std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
        }),
        _ => Some(program.to_owned()),
    };
    let Some(metadata) = found.and_then(|file| file.metadata().ok()) else { return String::new() };
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{}+{}", time.map_or(0, |t| t.as_nanos()), metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_texts_of_both_families_are_read() {
        let check = |text: &str, family, version: &str, triple: &str| {
            assert_eq!(read_version(text), Some((family, version.into(), triple.into())));
        };
        check(
            "Using built-in specs.\nTarget: x86_64-linux-gnu\ngcc version 12.2.0 (Debian 12.2.0-14)\n",
            Family::Gcc,
            "gcc version 12.2.0 (Debian 12.2.0-14)",
            "x86_64-linux-gnu",
        );
        check(
            "Debian clang version 14.0.6\nTarget: aarch64-unknown-linux-gnu\nThread model: posix\n",
            Family::Clang,
            "Debian clang version 14.0.6",
            "aarch64-unknown-linux-gnu",
        );
        check(
            "Apple clang version 15.0.0\nTarget: arm64-apple-darwin23\n",
            Family::Clang,
            "Apple clang version 15.0.0",
            "arm64-apple-darwin23",
        );
        for text in ["", "Target: x86_64-linux-gnu", "gcc version 12", "tcc version 0.9.27 (x86_64 Linux)"] {
            assert_eq!(read_version(text), None, "{text}");
        }
    }

    #[test]
    fn targets_without_a_c_backend_say_so() {
        for triple in ["wasm32-unknown-unknown", "x86_64-pc-windows-msvc", "aarch64-apple-darwin", "nonsense", ""] {
            assert_eq!(Compiler::find(triple).err(), Some(Error::UnsupportedTarget { target: triple.into() }));
        }
    }

    #[cfg(unix)]
    fn fake(version: &str) -> Vec<OsString> {
        ["sh", "-c", &format!("printf '{version}'")].map(OsString::from).to_vec()
    }

    #[test]
    #[cfg(unix)]
    fn a_gcc_for_another_machine_is_refused() {
        let target = Target::parse("aarch64-unknown-linux-gnu");
        let check = |version: &str| Compiler::probe(fake(version), Path::new("fakecc"), &target).err();
        assert_eq!(check("Target: aarch64-linux-gnu\\ngcc version 12.2.0\\n"), None);
        let refused = Some("`fakecc` does not compile for this target".to_string());
        assert_eq!(check("Target: x86_64-linux-gnu\\ngcc version 12.2.0\\n"), refused);
        assert_eq!(check("Target: aarch64-w64-mingw32\\ngcc version 12.2.0\\n"), refused);
        assert_eq!(check("hello"), Some("`fakecc` is neither GCC nor Clang".to_string()));
    }

    #[test]
    #[cfg(unix)]
    fn clang_is_told_the_target() {
        // Prints the machine it is told, as clang does; `$0` is the first argument after the script.
        let script = r#"echo "clang version 18.1"; case "$0" in --target=*) echo "Target: ${0#--target=}";; *) echo "Target: x86_64-linux-gnu";; esac"#;
        let argv: Vec<OsString> = ["sh", "-c", script].map(OsString::from).to_vec();
        let target = Target::parse("aarch64-unknown-linux-gnu");
        let compiler = Compiler::probe(argv, Path::new("clang"), &target).unwrap();
        assert_eq!(compiler.argv.last(), Some(&"--target=aarch64-unknown-linux-gnu".into()));
        assert_eq!(compiler.family, Family::Clang);
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let target = Target::parse(&host_triple());
        let path = Path::new("/nonexistent/cc");
        let reason = Compiler::probe(vec![path.into()], path, &target).err().unwrap();
        assert_eq!(reason, "`/nonexistent/cc` is not installed");
    }

    #[test]
    fn the_host_has_a_compiler_and_its_identity_names_the_version() {
        let compiler = Compiler::find(&host_triple()).unwrap();
        assert!(compiler.identity.contains(&compiler.version));
        assert!(compiler.identity.lines().last().unwrap().contains('+'), "{}", compiler.identity);
        assert!(Arc::ptr_eq(&compiler, &Compiler::find(&host_triple()).unwrap()));
    }
}
