//! The command line.

use std::thread::available_parallelism;

/// What `--help` prints.
pub const HELP: &str = "\
Times tg, other Rust tensor libraries and the limits of the machine.

  --json            one JSON object a line instead of a table
  --filter WORD     only cases whose name contains WORD
  --threads N       only with N threads (default: one, and all cores)
  --rounds N        interleaved rounds (default 9)
  --limits          only the limits of the machine
  --default-malloc  leave glibc's malloc as it is: large results are then mapped afresh on every call
  --serve CASE      time tg alone, a round per line of standard input; benches/peers uses this
  --serve-limit CASE
                    the same for the limit of the machine
";

/// What this process is to do.
#[derive(Debug, PartialEq)]
pub enum Mode {
    /// Start one child for each case and number of threads.
    Parent,
    /// Time one case and print its line.
    Child(String),
    /// Time tg on one case, a round per line of input.
    Serve(String),
    /// Measure what the machine allows for one case, a round per line of input.
    ServeLimit(String),
    /// Print the limits.
    Limits,
    /// Print the help.
    Help,
}

/// The command line, read.
#[derive(Debug, PartialEq)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// JSON lines instead of a table.
    pub json: bool,
    /// Part of the names of the wanted cases.
    pub filter: String,
    /// The numbers of threads.
    pub threads: Vec<usize>,
    /// Interleaved rounds.
    pub rounds: usize,
    /// Leave malloc as it is.
    pub default_malloc: bool,
}

impl Options {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// An unknown argument, a missing value or a number that is none or zero.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Options, String> {
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = if cores == 1 { vec![1] } else { vec![1, cores] };
        let (mode, filter) = (Mode::Parent, String::new());
        let mut options = Options { mode, json: false, filter, threads, rounds: 9, default_malloc: false };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            options.set(&argument, &mut || arguments.next().ok_or(format!("{argument} needs a value")))?;
        }
        Ok(options)
    }

    fn set(&mut self, argument: &str, value: &mut dyn FnMut() -> Result<String, String>) -> Result<(), String> {
        match argument {
            "--json" => self.json = true,
            "--default-malloc" => self.default_malloc = true,
            "--filter" => self.filter = value()?,
            "--threads" => self.threads = vec![count(argument, &value()?)?],
            "--rounds" => self.rounds = count(argument, &value()?)?,
            "--limits" => self.mode = Mode::Limits,
            "--serve" => self.mode = Mode::Serve(value()?),
            "--serve-limit" => self.mode = Mode::ServeLimit(value()?),
            "--child" => self.mode = Mode::Child(value()?),
            "--help" | "-h" => self.mode = Mode::Help,
            other => return Err(format!("unknown argument `{other}`; --help lists them")),
        }
        Ok(())
    }
}

fn count(argument: &str, text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("{argument} needs a number from 1, got `{text}`"))
}
