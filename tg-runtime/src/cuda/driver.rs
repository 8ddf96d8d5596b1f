//! Loading the driver, and its results as errors.

use std::ffi::{CStr, c_char};
use std::panic::catch_unwind;
use std::sync::OnceLock;

use super::sys::{self, CUresult};
use crate::error::{Error, Result};

/// The version of CUDA that has everything that is called here.
const NEEDED: (u32, u32) = (12, 0);
/// The first whose graphs have edges of several kinds.
const EARLY_EDGES: (u32, u32) = (12, 3);

/// Loads and initializes the driver, once.
///
/// # Errors
/// [`Error::NoDriver`] or [`Error::DriverTooOld`], the same at every call.
pub(super) fn load() -> Result<()> {
    static LOADED: OnceLock<std::result::Result<(), Missing>> = OnceLock::new();
    match LOADED.get_or_init(try_load) {
        Ok(()) => Ok(()),
        Err(Missing::Driver(reason)) => Err(Error::NoDriver { reason: reason.clone() }),
        Err(Missing::Version(got)) => Err(Error::DriverTooOld { needed: NEEDED, got: *got }),
    }
}

/// Whether an edge of a graph can say that a kernel may start before the one before is done.
pub(crate) fn has_early_edges() -> bool {
    version().is_some_and(|got| got >= EARLY_EDGES)
}

/// What the driver lacks.
enum Missing {
    Driver(String),
    Version((u32, u32)),
}

fn try_load() -> std::result::Result<(), Missing> {
    // SAFETY: loading the driver's library runs its initializers, which are made for that.
    if !unsafe { sys::is_culib_present() } {
        return Err(Missing::Driver("its library (libcuda.so.1, on Windows nvcuda.dll) cannot be loaded".into()));
    }
    let got = version().ok_or_else(|| Missing::Driver("its library has not the functions of a driver".into()))?;
    if got < NEEDED {
        return Err(Missing::Version(got));
    }
    // SAFETY: no preconditions; the flags have to be 0.
    match unsafe { sys::cuInit(0) } {
        // Its own error for that says less.
        CUresult::CUDA_SUCCESS | CUresult::CUDA_ERROR_NO_DEVICE => Ok(()),
        other => Err(Missing::Driver(format!("it does not start: {} ({})", name(other), meaning(other)))),
    }
}

/// The version of CUDA that the driver is for. A library that is not the driver lacks even this function, for which
/// the declarations panic.
fn version() -> Option<(u32, u32)> {
    let version = catch_unwind(|| {
        let mut version = 0;
        // SAFETY: the pointer is valid for a number.
        (unsafe { sys::cuDriverGetVersion(&mut version) } == CUresult::CUDA_SUCCESS).then_some(version as u32)
    });
    version.ok().flatten().map(|version| (version / 1000, version % 1000 / 10))
}

/// A result as an error that says what was being done.
pub(crate) fn check(result: CUresult, doing: &str) -> Result<()> {
    match result {
        CUresult::CUDA_SUCCESS => Ok(()),
        other => Err(failure(other, doing.to_owned())),
    }
}

/// The error for a result other than success.
pub(crate) fn failure(result: CUresult, doing: String) -> Error {
    Error::Cuda { name: name(result), meaning: meaning(result), doing }
}

fn name(result: CUresult) -> String {
    let mut text = std::ptr::null();
    // SAFETY: the pointer is valid for a pointer.
    let known = unsafe { sys::cuGetErrorName(result, &mut text) };
    words(known, text).unwrap_or_else(|| format!("{result:?}"))
}

fn meaning(result: CUresult) -> String {
    let mut text = std::ptr::null();
    // SAFETY: the pointer is valid for a pointer.
    let known = unsafe { sys::cuGetErrorString(result, &mut text) };
    words(known, text).unwrap_or_else(|| "no description".to_owned())
}

fn words(known: CUresult, text: *const c_char) -> Option<String> {
    // SAFETY: on success the driver gives a text of its own that stays, with a zero at its end.
    (known == CUresult::CUDA_SUCCESS && !text.is_null())
        .then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
