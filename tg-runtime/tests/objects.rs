//! Object files that are damaged: loading returns, with code or an error, whatever is in them.
//!
//! The same function runs under `cargo fuzz`; here it is driven by every cut and every changed byte of the seeds, and by
//! random changes of several places at once.

#[path = "../../fuzz/entry/object.rs"]
mod entry;
#[path = "../../tg-core/tests/random/number.rs"]
mod number;

use entry::object;
use number::Random;

macro_rules! seeds {
    ($($name:literal)*) => {
        &[$(include_bytes!(concat!("../../fuzz/seeds/object/", $name, ".o"))),*]
    };
}

const SEEDS: &[&[u8]] = seeds!["gcc_x86_64" "gcc_x86_64_fixed" "clang_x86_64" "clang_aarch64" "clang_aarch64_fixed"];

/// An interpreter of Rust takes a thousand times as long: it tries one change in so many.
const STEP: usize = if cfg!(miri) { 1499 } else { 1 };

/// Random changes of each seed.
const RANDOM: usize = 3_000;

#[test]
fn seeds_refer_to_what_is_not_offered() {
    // They call `outside`, which nobody has; all else about them is right.
    for seed in SEEDS {
        let plan = tg_runtime::loader::Plan::of(seed, 4096).expect("an object file");
        let error = plan.link(0x7f00_0000_0000, &[], &mut vec![0; plan.bytes()]).expect_err("undefined symbols");
        assert!(error.to_string().contains("is not defined"), "{error}");
        assert!(plan.functions().expect("names").contains_key("tgk_switch"));
    }
}

#[test]
fn cut_off_anywhere() {
    for seed in SEEDS {
        // The table of sections is at the end, so that without its last byte none can be loaded.
        assert!((0..seed.len()).step_by(STEP).all(|end| !object(&seed[..end])));
    }
}

#[test]
fn any_byte_changed() {
    for seed in SEEDS {
        let mut bytes = seed.to_vec();
        for at in (0..seed.len()).step_by(STEP) {
            for change in [1, 16, 128, 255] {
                bytes[at] = seed[at] ^ change;
                object(&bytes);
            }
            bytes[at] = seed[at];
        }
    }
}

/// A copy of `seed` in which some places hold other bytes, or numbers that are at a limit of something.
fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() - 8);
        let number = match random.below(4) {
            0 => u64::MAX >> random.below(64),
            1 => 1 << random.below(64),
            2 => seed.len() as u64 - random.below(64) as u64,
            _ => random.bits(),
        };
        let length = 1 << random.below(4);
        bytes[at..at + length].copy_from_slice(&number.to_le_bytes()[..length]);
    }
    bytes
}

#[test]
fn random_changes() {
    let mut random = Random(0);
    for seed in SEEDS {
        for _ in 0..RANDOM / STEP {
            object(&changed(seed, &mut random));
        }
    }
}

/// Tables of sections, symbols and relocations are most of what can be wrong: their fields all get numbers of limits.
#[test]
fn every_field_of_every_table_at_its_limits() {
    for seed in SEEDS {
        for at in (0..seed.len() / 8 * 8).step_by(4 * STEP) {
            for number in [0, 1, u64::from(u32::MAX), 1 << 31, 1 << 63, u64::MAX, seed.len() as u64] {
                let mut bytes = seed.to_vec();
                let length = 8.min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&number.to_le_bytes()[..length]);
                object(&bytes);
            }
        }
    }
}

#[test]
fn nothing_at_all() {
    assert!(!object(&[]) && !object(b"\x7fELF") && !object(&[0; 4096]));
}
