//! What the macros need to know of their surroundings, read once at the edge: rustc's arguments and the environment.

use std::fs;
use std::path::{Path, PathBuf};

use tg_core::optimize::Tuning;
use tg_core::target::{Isa, Target};
use tg_toolchain::locate::Invocation;
use tg_toolchain::{CACHE_LIMIT, Cache};

/// The environment variables that change what is built. rustc is told of them, so that a change rebuilds.
pub const VARIABLES: &[&str] = &["TG_CPU", "TG_ISA", "TG_DEBUG", "TG_NESTS", "TG_EXPLORE"];

/// The name of the tuning file, beside the manifest of the crate that is compiled.
const TUNING_FILE: &str = "tg-tune.lock";

/// Settings of one build.
#[derive(Clone, Debug)]
pub struct Config {
    /// The running compilation.
    pub invocation: Invocation,
    /// What is compiled for.
    pub target: Target,
    /// `TG_CPU=rust`: render kernels as Rust, and start no C compiler.
    pub only_rust: bool,
    /// `TG_ISA`: the instruction sets that kernels are compiled for.
    pub isas: Vec<Isa>,
    /// `TG_DEBUG`: how much to print; the levels are in `tg_core::compile::debug`.
    pub debug: u8,
    /// The tuning file, where there is one. rustc is told of it, so that a change rebuilds.
    pub tuning_file: Option<PathBuf>,
    /// What is in it.
    pub tuning: Tuning,
    /// `TG_NESTS`: where loop nests are written for tg-tune.
    pub nests: Option<PathBuf>,
    /// `TG_EXPLORE`: where a page for each function is written.
    pub explore: Option<PathBuf>,
    /// The folder of the manifest of the crate that is compiled.
    pub manifest_dir: Option<PathBuf>,
}

impl Config {
    /// The settings of this process.
    ///
    /// # Errors
    /// If a variable or the tuning file holds something it cannot mean: where, what it may be, what it is.
    pub fn of_process() -> Result<Config, String> {
        let args: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let lookup = |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().trim().to_owned());
        let mut config = Config::read(Invocation::parse(&args), lookup)?;
        let file = config.manifest_dir.as_ref().map(|folder| folder.join(TUNING_FILE));
        config.tuning_file = file.filter(|file| file.exists());
        config.tuning = config.tuning_file.as_deref().map_or(Ok(Tuning::default()), tuning)?;
        Ok(config)
    }

    fn read(invocation: Invocation, lookup: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
        let lookup = |name: &str| lookup(name).filter(|text| !text.is_empty());
        let target = Target::parse(&invocation.target_triple());
        let isas = match lookup("TG_ISA").as_deref() {
            None | Some("all") => target.isas().to_vec(),
            Some("native") => native(target.isas()),
            Some(name) => named(target.isas(), name)?,
        };
        let debug = lookup("TG_DEBUG").map_or(Ok(0), |text| {
            let level = text.parse().ok().filter(|level| *level <= 7);
            level.ok_or_else(|| {
                format!("environment variable TG_DEBUG: expected a whole number from 0 to 7, got `{text}`")
            })
        })?;
        let only_rust = lookup("TG_CPU").as_deref() == Some("rust");
        let folder = |name: &str| lookup(name).map(PathBuf::from);
        let (nests, explore) = (folder("TG_NESTS"), folder("TG_EXPLORE"));
        let (tuning, tuning_file, manifest_dir) = (Tuning::default(), None, folder("CARGO_MANIFEST_DIR"));
        Ok(Config { invocation, target, only_rust, isas, debug, tuning_file, tuning, nests, explore, manifest_dir })
    }

    /// Where results are kept for the next build, if this runs under Cargo.
    pub fn cache(&self) -> Option<Cache> {
        self.invocation.cache_dir().map(|folder| Cache::new(folder, CACHE_LIMIT))
    }

    /// Whether kernels are needed, or only their schedule.
    pub fn generates_code(&self) -> bool {
        self.invocation.generates_code()
    }
}

/// What is in the tuning file `file`.
fn tuning(file: &Path) -> Result<Tuning, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    text.parse().map_err(|error| format!("{}, {error}; correct the line or remove it", file.display()))
}

fn named(all: &[Isa], name: &str) -> Result<Vec<Isa>, String> {
    let matches = |isa: &&Isa| isa.name() == name || isa.name().strip_prefix("x86") == Some(name);
    let found = all.iter().find(matches).map(|isa| vec![*isa]);
    let names = || all.iter().map(|isa| format!("`{}`", isa.name())).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("environment variable TG_ISA: expected `all`, `native` or {}, got `{name}`", names()))
}

/// The best level of the machine that compiles.
fn native(all: &[Isa]) -> Vec<Isa> {
    all.iter().rev().find(|isa| is_supported(**isa)).or(all.first()).map(|isa| vec![*isa]).unwrap_or_default()
}

#[cfg(target_arch = "x86_64")]
fn is_supported(isa: Isa) -> bool {
    use std::arch::is_x86_feature_detected as has;
    match isa {
        Isa::X86V3 => has!("avx2") && has!("fma") && has!("bmi2"),
        Isa::X86V4 => has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl"),
        _ => true,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn is_supported(_: Isa) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let args = ["rustc", "--target", "x86_64-unknown-linux-gnu"].map(String::from);
        let lookup = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, v)| v.to_string());
        Config::read(Invocation::parse(&args), lookup)
    }

    #[test]
    fn variables_are_read_and_mistakes_explained() {
        assert_eq!(read(&[]).unwrap().isas, [Isa::X86V2, Isa::X86V3, Isa::X86V4]);
        assert_eq!(read(&[("TG_ISA", "v3"), ("TG_CPU", "rust")]).unwrap().isas, [Isa::X86V3]);
        assert!(read(&[("TG_CPU", "rust")]).unwrap().only_rust);
        assert_eq!(read(&[("TG_EXPLORE", "pages")]).unwrap().explore, Some(PathBuf::from("pages")));
        assert_eq!(read(&[("TG_EXPLORE", "")]).unwrap().explore, None);
        assert_eq!(read(&[("TG_ISA", "native")]).unwrap().isas.len(), 1);
        for (name, text) in [("TG_ISA", "v9"), ("TG_DEBUG", "8")] {
            let error = read(&[(name, text)]).unwrap_err();
            assert!(error.contains(name) && error.contains(text), "{error}");
        }
    }
}
