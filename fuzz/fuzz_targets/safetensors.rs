//! `cargo fuzz run safetensors`.
#![no_main]

#[path = "../entry/safetensors.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entry::safetensors(bytes);
});
