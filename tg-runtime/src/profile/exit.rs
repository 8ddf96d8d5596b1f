//! Something to do when the process ends: `main` returns, also with an error or by a panic, or `std::process::exit`.
//!
//! That is what C's `atexit` is for; Rust has nothing like it, for statics are not dropped. A process that is killed or
//! aborts ends without it, and so does `std::process::exit` on Windows.

use std::sync::OnceLock;

static LAST: OnceLock<fn()> = OnceLock::new();

/// Has `last` called when the process ends. Only the first call has an effect.
pub fn at_exit(last: fn()) {
    if LAST.set(last).is_ok() {
        register();
    }
}

#[cfg(any(unix, windows))]
fn register() {
    // SAFETY: this is how C declares it. It takes a function that may be called at any later time, as any may in Rust.
    unsafe extern "C" {
        safe fn atexit(last: extern "C" fn()) -> std::ffi::c_int;
    }
    extern "C" fn run() {
        LAST.get().into_iter().for_each(|last| last());
    }
    // It fails where memory is short: then there is no summary.
    let _ = atexit(run);
}

/// Other targets have no environment, so nobody asks for what would be done.
#[cfg(not(any(unix, windows)))]
fn register() {}
