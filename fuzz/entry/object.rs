//! Any bytes as an object file: an error, or an image whose functions are in its code. Nothing is executed.

use tg_runtime::loader::{Plan, imports};

/// Where images are linked for: an address that 32 bits do not hold, as those of real ones.
const BASE: u64 = 0x7f00_1234_5000;

const PAGE: u64 = 4096;

/// Returns whether `bytes` could be loaded.
pub fn object(bytes: &[u8]) -> bool {
    let Ok(plan) = Plan::of(bytes, PAGE) else { return false };
    let mut image = vec![0; plan.bytes()];
    let linked = plan.link(BASE, &imports(), &mut image);
    let Ok(functions) = plan.functions() else { return false };
    let outside = functions.iter().find(|(_, at)| !plan.code().contains(at));
    assert_eq!(outside, None, "a function outside of the code");
    linked.is_ok()
}
