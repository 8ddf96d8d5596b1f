//! Entries of the cache that are damaged: they are never taken for whole ones. The same function runs under `cargo fuzz`.

#[path = "../../fuzz/entry/cache.rs"]
mod entry;
#[path = "../../tg-core/tests/random/number.rs"]
mod number;

use number::Random;

#[test]
fn a_small_entry_damaged_at_any_byte() {
    let contents = b"\x7fELF and what follows";
    for at in 0..32 + contents.len() as u8 {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            entry::cache(&[&[at, 0, change, at], contents.as_slice()].concat());
        }
    }
}

#[test]
fn random_entries() {
    let mut random = Random(1);
    for _ in 0..10_000 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.bits() as u8).collect();
        entry::cache(&bytes);
    }
}
