//! What builds cost: which of them start a C compiler, and that it does not matter to kernels what was built before.
//!
//! Crates are compiled by rustc with the arguments that Cargo would give it, against the `tg` that this test was built
//! with, so that no dependency is built again. Nothing is timed.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod browser;
mod explorer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use tg_core::compile::Portable;
use tg_core::optimize::{Entry, Tuning};
use tg_core::target::{Isa, Target};

const SOURCE: &str = "
    use tg::prelude::*;
    tensor_fn! {
        pub fn scores(x: Tensor<f32, 8, 16>, w: Tensor<f32, 16, 4>) -> Tensor<f32, 8, 4> {
            x.matmul(w).softmax(-1)
        }
        pub fn twice<N: Dim>(x: Tensor<f32, N, 3>) -> Tensor<f32, N, 3> {
            x * 2.0
        }
    }
    pub fn unrelated() -> i32 {
        1
    }
";

/// Notes each of its calls in a file `calls`.
const COMPILER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/builds/cc");

/// What Cargo asks of rustc under `cargo check`, and under `cargo build`.
const CHECK: &str = "--emit=dep-info,metadata";
const BUILD: &str = "--emit=dep-info,metadata,link";

/// A crate with a target directory of its own.
struct Crate {
    folder: PathBuf,
}

impl Crate {
    fn new(name: &str) -> Crate {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("builds-{name}"));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(folder.join("deps")).expect("a new folder");
        fs::write(folder.join("CACHEDIR.TAG"), "").expect("the mark of a target directory");
        Crate { folder }
    }

    /// Compiles `source`; returns what the macro printed at `TG_DEBUG=4`.
    fn compile(&self, source: &str, emit: &str) -> String {
        let (succeeds, text) = self.try_compile(source, emit);
        assert!(succeeds, "{text}");
        text
    }

    /// Whether `source` compiles, and all that was printed.
    fn try_compile(&self, source: &str, emit: &str) -> (bool, String) {
        fs::write(self.folder.join("lib.rs"), source).expect("a source file");
        let output = self.command(emit).arg("lib.rs").output().expect("rustc");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// rustc as Cargo would start it, but for the name of the file.
    fn command(&self, emit: &str) -> Command {
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.current_dir(&self.folder).args(["--crate-name=built", "--crate-type=lib", "--edition=2024", emit]);
        rustc.args(["-C", "metadata=built", "--out-dir"]).arg(self.folder.join("deps"));
        rustc.arg("-L").arg(format!("dependency={}", libraries().display()));
        rustc.arg("--extern").arg(format!("tg={}", newest("tg").display()));
        rustc.env("CC", COMPILER).env("TG_DEBUG", "4").env_remove("TG_ISA").env_remove("TG_CPU");
        rustc.env("CARGO_MANIFEST_DIR", &self.folder).env("TG_NESTS", self.folder.join("nests"));
        rustc
    }

    /// The kernels that were written for tg-tune.
    fn nests(&self) -> Vec<Portable> {
        let folders =
            fs::read_dir(self.folder.join("nests")).expect("a folder").map(|crate_| crate_.expect("one").path());
        let files =
            folders.flat_map(|folder| fs::read_dir(folder).expect("files")).map(|file| file.expect("one").path());
        let nests = files.filter(|path| path.extension().is_some_and(|e| e == "nest"));
        nests.map(|path| Portable::parse(&fs::read_to_string(path).expect("text")).expect("a kernel")).collect()
    }

    fn write_tuning(&self, text: &str) {
        fs::write(self.folder.join("tg-tune.lock"), text).expect("a tuning file");
    }

    /// How often the C compiler was started so far.
    fn started(&self) -> usize {
        fs::read_to_string(self.folder.join("calls")).map_or(0, |calls| calls.lines().count())
    }

    /// All that is kept for the next build. Names are hashes of what was compiled, contents what came out.
    fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        let files =
            fs::read_dir(self.folder.join("tg-cache")).expect("a cache").map(|file| file.expect("a file").path());
        files.map(|path| (path.display().to_string(), fs::read(&path).expect("its bytes"))).collect()
    }
}

/// Where the libraries are that this test was built with.
fn libraries() -> PathBuf {
    env::current_exe().expect("a path").parent().expect("a folder").to_path_buf()
}

/// The library of a crate: of several the newest, which alone is surely younger than all it depends on.
fn newest(name: &str) -> PathBuf {
    let files = fs::read_dir(libraries()).expect("a folder").map(|file| file.expect("a file").path());
    let is_it = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
    };
    let age = |path: &PathBuf| path.metadata().and_then(|file| file.modified()).expect("a time");
    files.filter(is_it).max_by_key(age).expect("a library that this test was built with")
}

#[test]
fn checking_starts_no_compiler() {
    let one = Crate::new("check");
    one.compile(SOURCE, CHECK);
    assert_eq!(one.started(), 0);
    one.compile(SOURCE, BUILD);
    assert!(one.started() > 0, "the script is not what is started");
}

#[test]
fn only_what_changed_is_compiled_again() {
    let one = Crate::new("again");
    let cold = one.compile(SOURCE, BUILD);
    let before = one.started();
    let warm = one.compile(&SOURCE.replace("1\n", "2\n"), BUILD);
    assert_eq!(one.started(), before, "nothing about a kernel changed");
    assert_eq!(warm, cold, "kernels that were kept are those that were rendered");
    one.compile(&SOURCE.replace("x * 2.0", "x * 3.0"), BUILD);
    let levels = Target::parse(&format!("{}-unknown-linux-gnu", env::consts::ARCH)).isas().len();
    assert_eq!(one.started() - before, levels, "one function for each instruction set");
}

#[test]
fn clean_builds_make_the_same_kernels() {
    let build = |name| {
        let one = Crate::new(name);
        (one.compile(SOURCE, BUILD), one.kept())
    };
    let ((text, kept), (again, kept_again)) = (build("clean"), build("clean"));
    assert_eq!(text, again);
    assert!(text.contains("twice") && kept.len() > 2, "{text}");
    assert_eq!(kept.keys().collect::<Vec<_>>(), kept_again.keys().collect::<Vec<_>>(), "other entries are kept");
    for (name, bytes) in &kept {
        let [first, again] = [bytes, &kept_again[name]].map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(first, again, "the same text makes other assembly: {name}");
    }
}

#[test]
fn a_tuning_file_is_read_tracked_and_changes_its_kernel_only() {
    let one = Crate::new("tuned");
    let default = one.compile(SOURCE, BUILD);
    let (before, nests) = (one.started(), one.nests());
    let twice = nests.iter().find(|nest| nest.name.starts_with("e_N")).expect("a kernel of `twice`");
    let isa = if cfg!(target_arch = "x86_64") { Isa::X86V3 } else { Isa::Neon };
    let actions = "vectorize(0,2)".parse().expect("actions");
    let entry = Entry { name: twice.name.clone(), isa, nest: twice.fingerprint(), default_ns: 2, tuned_ns: 1, actions };
    one.write_tuning(&Tuning::new([entry]).to_string());
    let tuned = one.compile(SOURCE, BUILD);
    assert!(tuned.contains("vectorize(0,2), from tg-tune.lock"), "{tuned}");
    assert!(!default.contains("from tg-tune.lock"));
    assert_eq!(one.started() - before, 1, "one function for one instruction set");
    assert!(fs::read_to_string(one.folder.join("deps/built.d")).expect("dependencies").contains("tg-tune.lock"));
    one.compile(SOURCE, BUILD);
    assert_eq!(one.started() - before, 1, "what was tuned is kept, too");
}

#[test]
fn a_malformed_tuning_file_is_an_error_with_its_place() {
    let one = Crate::new("malformed");
    one.write_tuning("# nothing\nr_8_8 x86v9\n");
    for emit in [CHECK, BUILD] {
        let (succeeds, text) = one.try_compile(SOURCE, emit);
        assert!(!succeeds && text.contains("tg-tune.lock, line 2: expected an instruction set (x86v2"), "{text}");
        assert!(text.contains("got `x86v9`; correct the line or remove it"), "{text}");
    }
}
