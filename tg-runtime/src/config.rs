//! Settings from the environment: one table, which also generates their documentation.
//!
//! The environment is read once, at the first use. Nothing else in the crate reads it.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread::available_parallelism;

use crate::error::{Error, Result};
use crate::isa::Isa;

/// The settings of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Threads that share the work of one kernel, the calling one included; `None` for as many as there are cores.
    pub threads: Option<usize>,
    /// How much to print: 0 nothing, 1 at exit where the time went, 2 each kernel with its time and speed. Of kernels compiled at
    /// run time, the levels are those of builds.
    pub debug: u8,
    /// The file that a trace of what the process runs is written to.
    pub profile: Option<PathBuf>,
    /// The highest instruction set to use, if not the best there is.
    pub cpu: Option<Isa>,
    /// The folder that keeps what is compiled at run time, for later runs; `None` for no such folder.
    pub cache: Option<PathBuf>,
    /// Whether tensor functions run from their graphs, by kernels compiled at run time, though they have others.
    pub lazy: bool,
}

/// One environment variable.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub values: &'static str,
    /// What holds when it is unset or empty.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// Takes the value over; `None` if it is not one of `values`.
    set: fn(&mut Config, &str) -> Option<()>,
}

/// Every environment variable the runtime reads.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "TG_THREADS",
        values: "a whole number from 1 to 1024",
        default: "the available cores",
        meaning: "Threads that share the work of one kernel.",
        set: |config, text| {
            config.threads = Some(text.parse().ok().filter(|n| (1..=1024).contains(n))?);
            Some(())
        },
    },
    Variable {
        name: "TG_DEBUG",
        values: "a whole number from 0 to 7",
        default: "0",
        meaning: "What to print: 1 at exit the time of each kernel, 2 also each launch. Of what is compiled, 1 the kernels with their costs, 3 their actions, 4 source, 5 instructions, 6 rewrites, 7 assembly.",
        set: |config, text| {
            config.debug = text.parse().ok().filter(|n| *n <= 7)?;
            Some(())
        },
    },
    Variable {
        name: "TG_PROFILE",
        values: "a path that ends in `.json`",
        default: "no trace",
        meaning: "A trace of calls, kernels and copies is written there, for Perfetto or `chrome://tracing`.",
        set: |config, text| {
            config.profile = Some(PathBuf::from(text)).filter(|path| path.extension() == Some("json".as_ref()));
            config.profile.as_ref().map(|_| ())
        },
    },
    Variable {
        name: "TG_CPU",
        values: "`auto`, `baseline`, `v2`, `v3`, `v4`, `neon` or `rust`",
        default: "`auto`",
        meaning: "The highest instruction set to use. `rust` acts when compiling: it renders kernels as Rust.",
        set: |config, text| {
            config.cpu = match text {
                "auto" | "rust" => None,
                name => Some(*Isa::ALL.iter().find(|isa| isa.name() == name)?),
            };
            Some(())
        },
    },
    Variable {
        name: "TG_CACHE",
        values: "an absolute path, or `off`",
        default: "`$XDG_CACHE_HOME/tg`, or `~/.cache/tg`",
        meaning: "The folder that keeps what is compiled at run time, up to 256 MiB.",
        set: |config, text| {
            config.cache = if text == "off" { None } else { Some(absolute(text)?) };
            Some(())
        },
    },
    Variable {
        name: "TG_LAZY",
        values: "`0` or `1`",
        default: "`0`",
        meaning: "With 1 and the feature `fallback`, tensor functions run as on a processor that they were not compiled for: from their graphs.",
        set: |config, text| {
            config.lazy = match text {
                "0" => false,
                "1" => true,
                _ => return None,
            };
            Some(())
        },
    },
];

fn absolute(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text)).filter(|path| path.is_absolute())
}

/// Where caches go by the conventions of the desktop: to a folder of the user. Relative paths are to be ignored.
fn default_cache(lookup: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name: &str| absolute(&lookup(name)?);
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    caches.map(|caches| caches.join("tg"))
}

impl Config {
    /// The settings that `lookup` gives for the names of [`VARIABLES`], and for those that say where a user's caches are.
    ///
    /// # Errors
    /// [`Error::Config`] for the first variable whose value is not one of those allowed.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Config> {
        let mut config = Config { cache: default_cache(&lookup), ..Config::default() };
        for variable in VARIABLES {
            let Some(text) = lookup(variable.name).filter(|text| !text.is_empty()) else { continue };
            let set = (variable.set)(&mut config, text.trim());
            set.ok_or(Error::Config { variable: variable.name, expected: variable.values, got: text })?;
        }
        Ok(config)
    }

    /// The number of threads, the same at every call. Counting the cores takes the system longer than a small kernel
    /// runs, so it is asked only when there is work to share.
    pub fn threads(&self) -> usize {
        static CORES: OnceLock<usize> = OnceLock::new();
        let count = || available_parallelism().map_or(1, NonZero::get);
        self.threads.unwrap_or_else(|| *CORES.get_or_init(count))
    }

    /// Whether anything asks for what the process runs and how long it takes.
    pub(crate) fn is_watched(&self) -> bool {
        self.debug > 0 || self.profile.is_some()
    }

    /// The settings of this process, read from its environment at the first call.
    ///
    /// # Errors
    /// [`Error::Config`], the same at every call.
    pub fn of_process() -> Result<&'static Config> {
        static CONFIG: OnceLock<Result<Config>> = OnceLock::new();
        let lookup = |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        match CONFIG.get_or_init(|| Config::read(lookup)) {
            Ok(config) => Ok(config),
            Err(Error::Config { variable, expected, got }) => {
                Err(Error::Config { variable, expected, got: got.clone() })
            }
            Err(other) => unreachable!("reading the environment fails only with Error::Config: {other}"),
        }
    }

    /// [`VARIABLES`] as a Markdown table.
    pub fn documentation() -> String {
        let row = |v: &Variable| format!("| `{}` | {} | {} | {} |\n", v.name, v.values, v.default, v.meaning);
        let rows: String = VARIABLES.iter().map(row).collect();
        format!("| variable | values | default | meaning |\n|---|---|---|---|\n{rows}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Config> {
        Config::read(|asked| (asked == name).then(|| text.to_owned()))
    }

    #[test]
    fn values_are_taken_over() {
        assert_eq!(with("TG_THREADS", "3").unwrap().threads(), 3);
        assert_eq!(with("TG_DEBUG", "2").unwrap().debug, 2);
        assert_eq!(with("TG_PROFILE", "a/b.json").unwrap().profile, Some(PathBuf::from("a/b.json")));
        assert_eq!(with("TG_CPU", "v3").unwrap().cpu, Some(Isa::X86V3));
        assert_eq!(with("TG_CPU", "rust").unwrap(), Config::default());
        assert_eq!(with("TG_THREADS", "").unwrap(), Config::default());
    }

    #[test]
    fn the_cache_is_where_caches_of_the_user_are() {
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, text)| text.to_string());
            assert_eq!(Config::read(lookup).unwrap().cache, expected.map(PathBuf::from), "{variables:?}");
        };
        check(&[], None);
        check(&[("HOME", "/home/a")], Some("/home/a/.cache/tg"));
        check(&[("HOME", "/home/a"), ("XDG_CACHE_HOME", "/var/a")], Some("/var/a/tg"));
        check(&[("HOME", "/home/a"), ("XDG_CACHE_HOME", "relative")], Some("/home/a/.cache/tg"));
        check(&[("HOME", "/home/a"), ("TG_CACHE", "/tmp/b")], Some("/tmp/b"));
        check(&[("HOME", "/home/a"), ("TG_CACHE", "off")], None);
    }

    #[test]
    fn every_variable_rejects_nonsense_by_name() {
        for variable in VARIABLES {
            let text = with(variable.name, "nonsense").unwrap_err().to_string();
            assert!(text.contains(variable.name) && text.contains("nonsense"), "{text}");
            assert!(Config::documentation().contains(variable.name));
        }
        assert!(with("TG_THREADS", "0").is_err());
    }
}
