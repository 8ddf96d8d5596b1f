//! What can go wrong with a C compiler or an assembler, as values whose text says what to do about it.
//!
//! Every variant is something of the user's machine; a cache that cannot be used is not an error at all.

use std::fmt;

/// Longest part of a compiler's own output that is repeated in a message, in bytes.
const STDERR_LIMIT: usize = 4096;

/// Why no assembly came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Kernels of this target cannot be made by a C compiler.
    UnsupportedTarget {
        /// The target triple.
        target: String,
    },
    /// No C compiler for the target works.
    NoCompiler {
        /// The target triple.
        target: String,
        /// Each program that was tried and why it cannot be used.
        tried: Vec<String>,
    },
    /// The compiler could not be started or talked to.
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        reason: String,
    },
    /// The compiler rejected its input.
    Failed {
        /// The command line; the source was its standard input.
        command: String,
        /// How it ended.
        status: String,
        /// The compiler's own words.
        stderr: String,
    },
    /// The compiler did not finish and was stopped.
    TimedOut {
        /// The command line.
        command: String,
        /// The time it was given, in seconds.
        seconds: u64,
    },
    /// The compiler's output is not text.
    NotText {
        /// The command line.
        command: String,
    },
    /// There is no NVIDIA assembler.
    NoPtxas {
        /// Where it was looked for, and what was found.
        reason: String,
    },
    /// NVIDIA's assembler rejected its input, or could not be run to its end.
    Ptxas {
        /// The command line.
        command: String,
        /// Its own words, or the system's.
        output: String,
    },
    /// A symbol prefix that is not an identifier.
    Prefix {
        /// The prefix.
        prefix: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnsupportedTarget { target } => write!(
                f,
                "kernels for `{target}` are not compiled as C (only x86-64 and aarch64 with ELF objects are); \
                 set TG_CPU=rust to have rustc compile them"
            ),
            Error::NoCompiler { target, tried } => {
                write!(f, "no C compiler for `{target}`: {}. ", tried.join("; "))?;
                let variable = target.replace('-', "_");
                write!(f, "Install gcc or clang, or name one in CC_{variable} or CC, or set TG_CPU=rust")
            }
            Error::Start { command, reason } => write!(f, "could not run the C compiler: {reason}\n  {command}"),
            Error::Failed { command, status, stderr } => {
                write!(f, "the C compiler failed ({status}; GCC 11 or Clang 12 or newer is needed)\n  {command}")?;
                write!(f, "\n{}", beginning(stderr))
            }
            Error::TimedOut { command, seconds } => {
                write!(f, "the C compiler was stopped: it did not finish within {seconds} s\n  {command}")
            }
            Error::NotText { command } => write!(f, "the C compiler wrote something that is not text\n  {command}"),
            Error::NoPtxas { reason } => write!(
                f,
                "no ptxas, NVIDIA's assembler: {reason}. Install it (the PyPI package nvidia-cuda-nvcc or any CUDA \
                 toolkit has it) and name it in TG_PTXAS or put it on PATH"
            ),
            Error::Ptxas { command, output } => write!(f, "ptxas failed\n  {command}\n{}", beginning(output)),
            Error::Prefix { prefix } => {
                write!(f, "symbol prefix `{prefix}`: expected ASCII letters, digits and `_`, not starting with a digit")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The start of a compiler's output: its first error is the one that matters.
fn beginning(text: &str) -> &str {
    let text = text.trim_end();
    let end = (0..=STDERR_LIMIT.min(text.len())).rev().find(|&i| text.is_char_boundary(i));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_is_cut_between_characters() {
        let text = "é".repeat(STDERR_LIMIT) + "x";
        assert_eq!(beginning(&text).len(), STDERR_LIMIT);
        assert_eq!(beginning(&format!("a{text}")).len(), STDERR_LIMIT - 1);
        assert_eq!(beginning("short\n"), "short");
        assert_eq!(beginning(""), "");
    }

    #[test]
    fn a_missing_compiler_names_the_variables_that_choose_one() {
        let tried = vec!["`cc` is not installed".to_string()];
        let text = Error::NoCompiler { target: "aarch64-unknown-linux-gnu".into(), tried }.to_string();
        for part in ["`cc` is not installed", "CC_aarch64_unknown_linux_gnu", "TG_CPU=rust"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
