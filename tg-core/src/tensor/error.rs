//! What is wrong with a call of a tensor method, and what would make it right.
//!
//! These are errors in the user's program. They hold text only: where in the source the call stands is known to
//! whoever made it.

use std::fmt;

use crate::dim::Dim;

/// Why a tensor method cannot be applied to its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The method, what it was given, and why that does not fit.
    pub message: String,
    /// What would fit.
    pub help: Option<String>,
    method: Option<&'static str>,
}

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), help: None, method: None }
    }

    /// The same error with advice.
    pub fn help(self, help: impl Into<String>) -> Error {
        Error { help: Some(help.into()), ..self }
    }

    /// The same error as one of `method`: users see the method they called, not those it is made of.
    pub(super) fn within(self, method: &'static str) -> Error {
        let prefix = self.method.map(|m| format!("{m}: ")).unwrap_or_default();
        let bare = self.message.strip_prefix(&prefix).unwrap_or(&self.message);
        Error { message: format!("{method}: {bare}"), method: Some(method), help: self.help }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

impl std::error::Error for Error {}

/// A shape as users write it: `(32, 10)`, `(3,)`, `()`.
pub fn show_shape(shape: &[Dim]) -> String {
    let sizes: Vec<String> = shape.iter().map(Dim::to_string).collect();
    match &sizes[..] {
        [one] => format!("({one},)"),
        _ => format!("({})", sizes.join(", ")),
    }
}
