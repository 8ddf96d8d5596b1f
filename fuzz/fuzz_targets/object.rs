//! `cargo fuzz run object`.
#![no_main]

#[path = "../entry/object.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entry::object(bytes);
});
