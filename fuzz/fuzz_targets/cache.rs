//! `cargo fuzz run cache`.
#![no_main]

#[path = "../entry/cache.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::cache(bytes));
