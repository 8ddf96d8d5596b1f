//! Why an object cannot be loaded, in words that name the place in the file.
//!
//! Sections are named by their numbers, as `readelf -S` prints them: their names are data of a file that may be wrong.

use std::fmt;

/// What stands in the way of loading an object file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is no relocatable ELF64 object, is damaged, or holds something that kernels never need.
    Malformed {
        /// Where, what was expected there, and what was found.
        reason: String,
    },
    /// The object is for another processor.
    Machine {
        /// The one that was expected.
        expected: &'static str,
        /// The one that it is for.
        got: &'static str,
    },
    /// A relocation of a kind that is not known.
    Relocation {
        /// The processor.
        machine: &'static str,
        /// Its number, as the ABI of the processor counts them.
        kind: u32,
    },
    /// A value that does not fit its field, because what it refers to is too far away or not aligned.
    Reach {
        /// The kind of relocation.
        kind: &'static str,
        /// The section and the byte in it.
        place: (usize, u64),
        /// The value.
        value: i128,
    },
    /// Code that refers to something outside of the object that nobody offers.
    Undefined {
        /// The symbol.
        symbol: String,
    },
    /// The object is larger than what is ever loaded.
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The largest size, in bytes.
        limit: usize,
    },
    /// The system gives no memory for code.
    System {
        /// What was asked of it.
        doing: &'static str,
        /// Its answer.
        reason: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Malformed { reason } => write!(f, "not an object file that can be loaded: {reason}"),
            LoadError::Machine { expected, got } => {
                write!(f, "the object file is for {got}, expected {expected}; compile it for this machine")
            }
            LoadError::Relocation { machine, kind } => {
                write!(f, "relocation {kind} of {machine} is not known; compile with -fPIC and the small code model")
            }
            LoadError::Reach { kind, place: (section, offset), value } => write!(
                f,
                "section {section}, byte {offset}: the value {value:#x} does not fit {kind}; compile with -fPIC and the \
                 small code model"
            ),
            LoadError::Undefined { symbol } => {
                write!(f, "`{symbol}` is not defined: an object can use its own symbols and those offered to it")
            }
            LoadError::TooLarge { what, limit } => write!(f, "{what} is larger than {limit} bytes"),
            LoadError::System { doing, reason } => {
                write!(f, "{doing}: {reason}; does the system forbid code that is made at run time?")
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// [`LoadError::Malformed`].
pub(super) fn malformed(reason: impl Into<String>) -> LoadError {
    LoadError::Malformed { reason: reason.into() }
}
