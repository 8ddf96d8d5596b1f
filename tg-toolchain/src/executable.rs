//! A program linked from a C text and object files, and one run of it: how kernels are tried in a process of their own.
//!
//! Such a program may crash or never end. Both are values here, and what it started ends with it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::assemble::{COMPILE_LIMIT, Scratch, run_within};
use crate::error::Error;
use crate::process::{Stopped, command_line, run};
use crate::toolchain::Toolchain;

/// A program in a folder of its own, which is removed with the value.
#[derive(Debug)]
pub struct Executable {
    path: PathBuf,
    /// Kept for its end.
    _folder: Scratch,
}

/// Why a run of an [`Executable`] gave no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// It could not be started.
    Start {
        /// What the system said.
        reason: String,
    },
    /// It ended with an error or by a signal.
    Ended {
        /// How.
        status: String,
        /// Its own words.
        stderr: String,
    },
    /// It did not end in time and was stopped.
    TimedOut {
        /// The time it was given, in seconds.
        seconds: u64,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Start { reason } => write!(f, "could not be started: {reason}"),
            RunError::Ended { status, stderr } => write!(f, "{status}{}{}", sign(stderr), stderr.trim_end()),
            RunError::TimedOut { seconds } => write!(f, "stopped: it did not end within {seconds} s"),
        }
    }
}

impl std::error::Error for RunError {}

fn sign(stderr: &str) -> &str {
    if stderr.trim_end().is_empty() { "" } else { ": " }
}

impl Toolchain {
    /// The program of the C text `main`, which may include the system's headers and start threads, and `objects`. Never from the cache.
    ///
    /// # Errors
    /// As [`Toolchain::object_all`].
    pub fn link(&self, main: &str, objects: &[Vec<u8>]) -> Result<Executable, Error> {
        let mut argv = self.compiler().argv.clone();
        let failed =
            |argv: &[OsString], e: std::io::Error| Error::Start { command: command_line(argv), reason: e.to_string() };
        let folder = Scratch::new().map_err(|e| failed(&argv, e))?;
        let path = folder.0.join("program");
        argv.extend(["-O2", "-std=gnu11", "-pthread", "-w", "-x", "c", "-", "-x", "none"].map(OsString::from));
        for (i, object) in objects.iter().enumerate() {
            let file = folder.0.join(format!("{i}.o"));
            std::fs::write(&file, object).map_err(|e| failed(&argv, e))?;
            argv.push(file.into());
        }
        argv.extend(["-o".into(), path.clone().into()]);
        run_within(&argv, main, COMPILE_LIMIT)?;
        Ok(Executable { path, _folder: folder })
    }
}

impl Executable {
    /// What the program writes to standard output.
    ///
    /// # Errors
    /// If it does not start, fails, or takes longer than `limit`.
    pub fn run(&self, arguments: &[&str], limit: Duration) -> Result<Vec<u8>, RunError> {
        let mut argv = vec![self.path.clone().into_os_string()];
        argv.extend(arguments.iter().map(OsString::from));
        let finished = run(&argv, "", limit).map_err(|stopped| match stopped {
            Stopped::Io(e) => RunError::Start { reason: e.to_string() },
            Stopped::TimedOut => RunError::TimedOut { seconds: limit.as_secs() },
        })?;
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        let stderr = String::from_utf8_lossy(&finished.stderr).into_owned();
        Err(RunError::Ended { status: finished.status.to_string(), stderr })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::{Job, host_triple};

    fn outcome(main: &str, limit: Duration) -> Result<Vec<u8>, RunError> {
        let tools = Toolchain::new(&host_triple(), None).unwrap();
        let isa = tools.compiler().target.isas()[0];
        let job = Job { source: "int tgk_three(void) { return 3; }".into(), isa };
        let objects = tools.object_all(&[job]).unwrap();
        tools.link(main, &objects).unwrap().run(&["a"], limit)
    }

    const PLENTY: Duration = Duration::from_secs(600);

    #[test]
    fn a_program_of_text_and_objects_runs() {
        let main = "#include <stdio.h>\nint tgk_three(void);
            int main(int n, char **a) { printf(\"%d %s\", tgk_three(), a[1]); return 0; }";
        assert_eq!(outcome(main, PLENTY), Ok(b"3 a".to_vec()));
    }

    #[test]
    fn crashing_and_hanging_are_values() {
        let crashed = outcome("int main(void) { *(volatile int *)0 = 1; }", PLENTY).unwrap_err();
        assert!(matches!(crashed, RunError::Ended { .. }) && !crashed.to_string().is_empty(), "{crashed}");
        let hung = outcome("int main(void) { for (volatile int i = 0;;) i++; }", Duration::from_millis(20));
        assert_eq!(hung, Err(RunError::TimedOut { seconds: 0 }));
    }
}
