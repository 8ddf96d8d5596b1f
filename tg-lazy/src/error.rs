//! The one error type of lazy tensors.
//!
//! A call that does not fit is found when it is made. It gives a tensor that holds the error, and everything computed of it
//! holds the same; whoever asks for elements gets it, with the place of the call.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tg_core::dtype::DType;
use tg_core::tensor;

/// The result of whatever asks for elements.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, and where the program asked for it. Clones are cheap: every tensor that depends on a wrong call has one.
#[derive(Clone, Debug)]
pub struct Error(Arc<Found>);

#[derive(Debug)]
struct Found {
    kind: ErrorKind,
    at: &'static Location<'static>,
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A method does not fit its arguments: shapes, axes, dtypes.
    Call(tensor::Error),
    /// Something that is no tensor method, or no method of that name.
    Unknown {
        /// The name.
        name: String,
        /// A method that may have been meant.
        suggestion: Option<&'static str>,
    },
    /// Elements of another type were asked for than there are.
    Elements {
        /// What was asked for.
        expected: DType,
        /// What there is.
        got: DType,
    },
    /// There are no tensors of this type in memory, though computations may go through it.
    Stored {
        /// The type.
        dtype: DType,
    },
    /// A single number was asked for of a tensor with more or fewer.
    Item {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Tensors on different devices were used together.
    Devices {
        /// The method.
        method: &'static str,
        /// The first device.
        first: String,
        /// Another.
        second: String,
    },
    /// A run-time dimension has two values at once.
    Dim {
        /// Its name.
        name: String,
        /// Both values.
        values: (i64, i64),
    },
    /// A tensor that stands for the argument of a function that is being captured has no elements.
    Captured,
    /// The size of an argument of a function that is being captured was asked for, which is another one in each call.
    Varies {
        /// The run-time dimension.
        dim: String,
    },
    /// A gradient by a tensor that was not said to require one.
    NoGradient {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A captured function was called with what it was not captured for.
    Signature {
        /// What it takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// The runtime: memory, files, devices, settings.
    Runtime(tg_runtime::Error),
    /// A bug of the compiler.
    Internal(String),
}

impl Error {
    /// An error of the call that is being made now.
    #[track_caller]
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error::at(kind, Location::caller())
    }

    pub(crate) fn at(kind: ErrorKind, at: &'static Location<'static>) -> Error {
        Error(Arc::new(Found { kind, at }))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The call that was wrong.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.at
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.at, self.0.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Call(error) => error.fmt(f),
            ErrorKind::Unknown { name, suggestion: Some(meant) } => {
                write!(f, "there is no tensor method `{name}`; did you mean `{meant}`?")
            }
            ErrorKind::Unknown { name, suggestion: None } => write!(f, "there is no tensor method `{name}`"),
            ErrorKind::Elements { expected, got } => {
                write!(f, "asked for elements of {expected} of a tensor of {got}; convert it first, by `.cast(DType::…)`")
            }
            ErrorKind::Stored { dtype } => {
                write!(f, "no tensor has elements of {dtype} in memory; convert it first, by `.cast(DType::…)`")
            }
            ErrorKind::Item { shape } => write!(f, "asked for a single number of a tensor of shape {shape:?}"),
            ErrorKind::Devices { method, first, second } => {
                write!(f, "{method}: one tensor is on {first}, another on {second}; copy one with `.to(device)`")
            }
            ErrorKind::Dim { name, values: (a, b) } => write!(f, "dimension `{name}` is {a} in one tensor and {b} in another"),
            ErrorKind::Captured => f.write_str(
                "asked for elements of an argument while a function is captured, when there are none yet; functions for \
                 `jit` compute, and their results are read by who calls them",
            ),
            ErrorKind::Varies { dim } => write!(
                f,
                "asked for the number behind dimension `{dim}` while a function is captured, which would keep that of its \
                 first call; pass what follows from it as a tensor, or call the function without `with_dim`, for each size"
            ),
            ErrorKind::NoGradient { shape } => write!(
                f,
                "grad: a tensor of shape {shape:?} was not said to require a gradient; say so before it is used, by \
                 `.requires_grad()`"
            ),
            ErrorKind::Signature { expected, got } => write!(f, "expected {expected}, got {got}"),
            ErrorKind::Runtime(error) => error.fmt(f),
            ErrorKind::Internal(words) => write!(f, "internal error in the compiler, a bug: {words}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<tg_runtime::Error> for Error {
    #[track_caller]
    fn from(error: tg_runtime::Error) -> Error {
        Error::new(ErrorKind::Runtime(error))
    }
}
