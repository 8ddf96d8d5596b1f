//! Why an interpretation stopped.

use std::fmt;

use crate::ir::{Id, Uop};

/// Why an interpretation stopped: always names the node, if there is one to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The node that has no value.
    pub node: Option<Id>,
    /// What was expected and what came.
    pub message: String,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Error {
        Error { node: None, message: message.into() }
    }

    pub(super) fn at(node: Uop, message: impl fmt::Display) -> Error {
        Error { node: Some(node.id()), message: format!("{node:?}: {message}") }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
