//! `cargo fuzz run npy`.
#![no_main]

#[path = "../entry/npy.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entry::npy(bytes);
});
