//! The tensor functions of tg-bench once more, compiled with the schedules of `tg-tune.lock`, which stands beside this crate's
//! manifest and not beside that of tg-bench: so one program has both, and times them by turns.
//!
//! Nothing of the functions is repeated here: the sources are those of tg-bench.

// References and peers need more of it.
#[allow(dead_code)]
#[path = "../../src/inputs/mod.rs"]
mod inputs;
pub mod job;
#[path = "../../src/ours/mod.rs"]
mod ours;

pub use ours::*;
