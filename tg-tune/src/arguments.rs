//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use tg_core::compile::Portable;

/// What `--help` says.
pub const HELP: &str = "\
Measures other schedules for the kernels of a crate and writes the faster ones into tg-tune.lock beside its manifest.

    tg-tune [OPTIONS] [-- ARGUMENTS OF cargo check]

    --manifest-path FILE    the crate's Cargo.toml (default: ./Cargo.toml)
    --filter WORD,WORD      only kernels whose name contains one of the words, or whose fingerprint is one
    --isa NAME              the instruction set, such as x86v3 (default: the best of this machine; to compile, all)
    --budget SECONDS        about how long to search for each kernel (default: 60)
    --verbose               show each schedule that is tried, with its time beside the default's, or why not
    --list                  show the kernels and whether they are tuned; measure nothing
    --compile               compile the kernels one by one and show how long the C compiler takes for each
    --check                 say whether the file fits the crate's kernels, by the exit status; measure nothing
";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Search, and write the file.
    Tune,
    /// Show the kernels.
    List,
    /// Time the C compiler.
    Compile,
    /// Compare the file with the kernels.
    Check,
    /// Show [`HELP`].
    Help,
}

/// The command line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// What to do.
    pub task: Task,
    /// The crate.
    pub manifest: PathBuf,
    /// Parts of the names of the kernels to tune, or fingerprints, with commas between.
    pub filter: String,
    /// The name of an instruction set.
    pub isa: Option<String>,
    /// Time for the search of one kernel.
    pub budget: Duration,
    /// Whether each schedule that is tried is shown.
    pub verbose: bool,
    /// For `cargo check`.
    pub cargo: Vec<String>,
}

impl Arguments {
    /// Reads what stands after the program's name.
    ///
    /// # Errors
    /// Which argument is wrong, and what is expected.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Arguments, String> {
        let budget = Duration::from_secs(60);
        let (manifest, filter) = ("Cargo.toml".into(), String::new());
        let mut read =
            Arguments { task: Task::Tune, manifest, filter, isa: None, budget, verbose: false, cargo: vec![] };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--check" => read.task = Task::Check,
                "--list" => read.task = Task::List,
                "--compile" => read.task = Task::Compile,
                "--verbose" => read.verbose = true,
                "--help" | "-h" => read.task = Task::Help,
                "--" => read.cargo = words.by_ref().collect(),
                option => read.take(option, words.next())?,
            }
        }
        Ok(read)
    }

    /// Whether `kernel` is to be tuned.
    pub fn wants(&self, kernel: &Portable) -> bool {
        let nest = kernel.fingerprint().to_string();
        self.filter.split(',').any(|word| kernel.name.contains(word) || nest == word)
    }

    fn take(&mut self, option: &str, value: Option<String>) -> Result<(), String> {
        if !["--manifest-path", "--filter", "--isa", "--budget"].contains(&option) {
            return Err(format!("unknown argument `{option}`; --help lists those there are"));
        }
        let value = value.ok_or_else(|| format!("{option}: expected a value after it"))?;
        match option {
            "--manifest-path" => self.manifest = value.into(),
            "--filter" => self.filter = value,
            "--isa" => self.isa = Some(value),
            _ => self.budget = seconds(&value)?,
        }
        Ok(())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("--budget: expected a number of seconds, got `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::product;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn options_are_read_and_mistakes_explained() {
        let all =
            parse("--manifest-path a/Cargo.toml --filter matmul --isa x86v3 --budget 0.5 -- --features x").unwrap();
        assert_eq!((all.filter.as_str(), all.isa.as_deref()), ("matmul", Some("x86v3")));
        assert_eq!((all.budget, all.cargo), (Duration::from_millis(500), vec!["--features".into(), "x".into()]));
        let wants = |filter: &str| parse(&format!("--filter {filter}")).unwrap().wants(&product());
        assert!(
            parse("").unwrap().wants(&product())
                && wants("softmax,10_matmul")
                && wants(&product().fingerprint().to_string())
        );
        assert!(!wants("softmax") && !wants(&product().fingerprint().to_string()[1..]));
        assert_eq!(parse("--check").unwrap().task, Task::Check);
        assert_eq!(parse("").unwrap().manifest, PathBuf::from("Cargo.toml"));
        for (line, words) in [("--budgie 1", "--budgie"), ("--budget soon", "`soon`"), ("--filter", "a value after it")]
        {
            assert!(parse(line).unwrap_err().contains(words), "{line}");
        }
    }
}
