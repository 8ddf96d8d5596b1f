//! The one error type of the runtime.
//!
//! Every variant names what was asked of what, what was expected and what came, so that the text
//! alone tells how to repair the call. It is not for internal faults: those are bugs and panic.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tg_core::dtype::DType;

/// The result of every fallible call of the runtime.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, with the names and sizes needed to put it right.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A shape does not fit the shape type it is converted to.
    Shape {
        /// The shape type, run-time dimensions written `_`.
        expected: String,
        /// The dimensions that came.
        got: Vec<usize>,
    },
    /// The number of elements does not fit the shape.
    Length {
        /// The shape the elements are for, run-time dimensions written `_`.
        shape: String,
        /// The number of elements the shape takes, if it is fixed.
        expected: Option<usize>,
        /// The number of elements that came.
        got: usize,
    },
    /// A shape with several run-time dimensions cannot be found from a number of elements.
    Ambiguous {
        /// The shape, run-time dimensions written `_`.
        shape: String,
    },
    /// The bytes of a tensor cannot be counted in an address.
    TooLarge {
        /// Its dimensions.
        dims: Vec<usize>,
        /// Its element type.
        dtype: DType,
    },
    /// The system has not this much memory to give.
    OutOfMemory {
        /// Size of the refused block.
        bytes: usize,
    },
    /// A GPU has not this much memory left. The process stays usable.
    DeviceMemory {
        /// The device.
        device: String,
        /// Size of the refused block.
        bytes: usize,
        /// Bytes that are free.
        free: usize,
        /// Bytes that there are.
        total: usize,
    },
    /// This program was built without what a device needs.
    NotCompiled {
        /// The Cargo feature that has it.
        feature: &'static str,
    },
    /// The driver of the device is not there.
    NoDriver {
        /// What was tried, and what came of it.
        reason: String,
    },
    /// The driver of the device is too old.
    DriverTooOld {
        /// Major and minor version of CUDA that is needed.
        needed: (u32, u32),
        /// The version of CUDA that the driver has.
        got: (u32, u32),
    },
    /// There is no device with this number.
    NoDevice {
        /// The number asked for.
        ordinal: usize,
        /// How many devices can be used.
        count: usize,
    },
    /// A device has not what tensor functions are compiled for.
    DeviceTooOld {
        /// The device.
        device: String,
        /// Its compute capability, major and minor.
        capability: (u32, u32),
        /// The least that can be used.
        needed: (u32, u32),
    },
    /// The arguments of a tensor function are on different devices.
    Devices {
        /// The tensor function.
        function: &'static str,
        /// The first argument, and its device.
        first: (String, String),
        /// The argument that is elsewhere, and its device.
        second: (String, String),
    },
    /// A tensor function that is run from its graph cannot be.
    Fallback {
        /// The tensor function.
        function: &'static str,
        /// Why.
        reason: String,
    },
    /// A tensor function has no kernels for a device.
    NoKernels {
        /// The tensor function.
        function: &'static str,
        /// The device.
        device: String,
    },
    /// A kernel needs more of a device than it has.
    Exceeds {
        /// The tensor function.
        function: &'static str,
        /// The kernel.
        kernel: &'static str,
        /// Of what.
        resource: &'static str,
        /// How much it needs.
        needed: usize,
        /// How much there is.
        available: usize,
        /// The device.
        device: String,
    },
    /// The driver does not accept the kernels of a tensor function.
    Rejected {
        /// The tensor function.
        function: &'static str,
        /// The device.
        device: String,
        /// The driver's words.
        log: String,
    },
    /// CUDA reports an error.
    Cuda {
        /// Its name, such as `CUDA_ERROR_ILLEGAL_ADDRESS`.
        name: String,
        /// What it means, in the driver's words.
        meaning: String,
        /// What was being done.
        doing: String,
    },
    /// A row that a tensor does not have.
    Row {
        /// The row asked for.
        row: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// The elements are of another type.
    DType {
        /// The element type asked for.
        expected: DType,
        /// What the data holds, in the words of its format.
        got: String,
    },
    /// An argument of a tensor function has the wrong shape, or is missing.
    Argument {
        /// The tensor function.
        function: &'static str,
        /// Its parameter.
        argument: String,
        /// The shape the parameter takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// Two arguments of a tensor function give one run-time dimension different values.
    DimDisagrees {
        /// The tensor function.
        function: &'static str,
        /// The dimension.
        dim: &'static str,
        /// The parameter seen first, and its value of the dimension.
        first: (&'static str, i64),
        /// The parameter that disagrees, and its value.
        second: (&'static str, i64),
    },
    /// A run-time dimension lies outside the bounds its tensor function declares.
    DimBounds {
        /// The tensor function.
        function: &'static str,
        /// The dimension.
        dim: &'static str,
        /// The parameter it was read from.
        argument: &'static str,
        /// Smallest and largest value allowed.
        bounds: (i64, i64),
        /// The value that came.
        got: i64,
    },
    /// No argument determines a run-time dimension.
    DimUnknown {
        /// The tensor function.
        function: &'static str,
        /// The dimension.
        dim: &'static str,
    },
    /// The tensor function was not compiled for this processor.
    Unsupported {
        /// The tensor function.
        function: &'static str,
        /// The instruction sets it was compiled for.
        compiled: String,
    },
    /// An environment variable holds something it cannot mean.
    Config {
        /// The variable.
        variable: &'static str,
        /// What it may hold.
        expected: &'static str,
        /// What it holds.
        got: String,
    },
    /// The system refused to read or write.
    Io(io::Error),
    /// The data does not follow its format.
    Format {
        /// The format, such as `npy`.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The tensors of a file are not those the parameters need. Nothing was changed.
    Parameters {
        /// One line for each difference.
        differences: Vec<String>,
    },
    /// Another error, in a file.
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong with it.
        source: Box<Error>,
    },
}

impl Error {
    /// A violation of `format`.
    pub(crate) fn format(format: &'static str, reason: impl Into<String>) -> Error {
        Error::Format { format, reason: reason.into() }
    }

    /// The same error, known to come from `path`.
    pub(crate) fn in_file(self, path: &Path) -> Error {
        Error::File { path: path.to_owned(), source: Box::new(self) }
    }
}

/// Dimensions as they are written in messages: `(32, 784)`.
pub(crate) fn dims_text(dims: &[usize]) -> String {
    let sizes: Vec<String> = dims.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shape { expected, got } => write!(f, "expected shape {expected}, got {}", dims_text(got)),
            Error::Length { shape, expected: Some(n), got } => {
                write!(f, "shape {shape} takes {n} elements, got {got}")
            }
            Error::Length { shape, expected: None, got } => {
                write!(f, "{got} elements cannot fill shape {shape}: no size of `_` fits")
            }
            Error::Ambiguous { shape } => {
                write!(f, "shape {shape} has several run-time dimensions: give them, for example with `from_vec_in`")
            }
            Error::TooLarge { dims, dtype } => {
                write!(f, "a tensor of {dtype} with shape {} is larger than an address can count", dims_text(dims))
            }
            Error::OutOfMemory { bytes } => write!(f, "out of memory: {bytes} bytes were refused"),
            Error::DeviceMemory { device, bytes, free, total } => write!(
                f,
                "out of memory on {device}: {bytes} bytes were refused, {free} of {total} are free; drop tensors that are \
                 no longer needed, or work on smaller parts"
            ),
            Error::NotCompiled { feature } => write!(
                f,
                "this program was built without the feature `{feature}`, so it has nothing for GPUs; build it with \
                 `--features {feature}` (in Cargo.toml: `tg = {{ features = [\"{feature}\"] }}`)"
            ),
            Error::NoDriver { reason } => write!(
                f,
                "there is no CUDA driver to use: {reason}; install the driver of NVIDIA for this system (version 525 or \
                 newer; in a container, start it with access to GPUs), or use `Device::Cpu`"
            ),
            Error::DriverTooOld { needed, got } => write!(
                f,
                "the CUDA driver is too old: it is for CUDA {}.{}, expected {}.{} or newer; update the driver of NVIDIA",
                got.0, got.1, needed.0, needed.1
            ),
            Error::NoDevice { count: 0, .. } => {
                write!(f, "there is no CUDA device; check `nvidia-smi` and CUDA_VISIBLE_DEVICES, or use `Device::Cpu`")
            }
            Error::NoDevice { ordinal, count } => {
                write!(f, "there is no CUDA device {ordinal}: there are {count}, numbered from 0")
            }
            Error::DeviceTooOld { device, capability, needed } => write!(
                f,
                "{device} has compute capability {}.{}, expected {}.{} or newer; use another device or `Device::Cpu`",
                capability.0, capability.1, needed.0, needed.1
            ),
            Error::Devices { function, first, second } => write!(
                f,
                "`{function}`: argument `{}` is on {} but argument `{}` on {}; copy one with `.to(&device)?`",
                first.0, first.1, second.0, second.1
            ),
            Error::NoKernels { function, device } => write!(
                f,
                "`{function}` has no kernels for {device}; build with the feature `cuda` of `tg`, or copy its arguments \
                 with `.to(&Device::Cpu)?`"
            ),
            Error::Exceeds { function, kernel, resource, needed, available, device } => write!(
                f,
                "`{function}`: kernel {kernel} needs {needed} {resource}, {device} has {available}; use another device, \
                 or copy the arguments with `.to(&Device::Cpu)?`"
            ),
            Error::Rejected { function, device, log } => write!(
                f,
                "`{function}`: the driver of {device} does not accept its kernels; update the driver, or report this as \
                 a bug: {log}"
            ),
            Error::Cuda { name, meaning, doing } => write!(f, "{doing}: {name} ({meaning})"),
            Error::Row { row, rows } => write!(f, "there is no row {row}: the tensor has {rows} along its first axis"),
            Error::DType { expected, got } => write!(f, "expected elements of type {expected}, got {got}"),
            Error::Argument { function, argument, expected, got } => {
                write!(f, "`{function}`: argument `{argument}`: expected {expected}, got {got}")
            }
            Error::DimDisagrees { function, dim, first, second } => write!(
                f,
                "`{function}`: dimension `{dim}` is {} in argument `{}` but {} in argument `{}`",
                first.1, first.0, second.1, second.0
            ),
            Error::DimBounds { function, dim, argument, bounds, got } => write!(
                f,
                "`{function}`: argument `{argument}`: dimension `{dim}` must be in {}..={}, got {got}",
                bounds.0, bounds.1
            ),
            Error::DimUnknown { function, dim } => {
                write!(f, "`{function}`: no argument has dimension `{dim}` as its size, so it is unknown")
            }
            Error::Fallback { function, reason } => write!(f, "`{function}` cannot be run from its graph: {reason}"),
            Error::Unsupported { function, compiled } => {
                write!(
                    f,
                    "`{function}` was compiled for {compiled}: this processor has none of these, or TG_CPU forbids them"
                )
            }
            Error::Config { variable, expected, got } => {
                write!(f, "environment variable {variable}: expected {expected}, got `{got}`")
            }
            Error::Io(source) => write!(f, "{source}"),
            Error::Format { format, reason } => write!(f, "not a valid {format} file: {reason}"),
            Error::Parameters { differences } => {
                write!(f, "the file does not hold these parameters:\n  {}", differences.join("\n  "))
            }
            Error::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(source) => Some(source),
            Error::File { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Error {
        Error::Io(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_thread_safe_error_that_tells_its_file() {
        fn check<E: std::error::Error + Send + Sync + 'static>(error: E) -> String {
            error.to_string()
        }
        let error = Error::Shape { expected: "(_, 784)".into(), got: vec![3, 4] }.in_file(Path::new("a.npy"));
        assert_eq!(check(error), "a.npy: expected shape (_, 784), got (3, 4)");
    }
}
