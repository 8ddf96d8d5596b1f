//! Lazy tensors as programs see them.
//!
//! All of it runs twice: by kernels, and, in a process that finds no C compiler, by interpretation.

mod captured;
mod devices;
mod errors;
mod explored;
mod files;
mod gradients;
mod reused;
mod shown;
mod tables;
mod threads;
mod values;

#[path = "../../../tests/golden/mod.rs"]
mod golden;
#[path = "../../../tests/golden/call.rs"]
mod golden_call;

use std::process::Command;

/// Set where the tests run without a C compiler.
const INTERPRETED: &str = "TG_TEST_INTERPRETED";

#[test]
fn all_of_this_holds_without_a_compiler() {
    if std::env::var_os(INTERPRETED).is_some() {
        return;
    }
    let this = std::env::current_exe().expect("tests are files");
    let run = Command::new(this)
        .arg("--nocapture")
        .env("PATH", "")
        .env_remove("CC")
        .env("TG_CACHE", "off")
        .env(INTERPRETED, "1")
        .output();
    let run = run.expect("a test can be started");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert_eq!(err.matches("lazy tensors are interpreted").count(), 1, "said once: {err}");
}
