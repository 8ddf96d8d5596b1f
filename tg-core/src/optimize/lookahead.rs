//! Looking ahead: while one iteration of the loop that threads share runs, what the next one reads and stores is asked for.
//! Results are marked so; `lower/lookahead.rs` makes the instructions.
//!
//! It pays where much is computed of little memory, such as of each picture of a batch: hardware follows what is read in jumps
//! late or not at all, and a core that waits for memory computes nothing meanwhile.

use crate::ir::{Arg, Axis, Uop};
use crate::loops::{Block, Nest, blocks, bytes};

/// Most bytes of one iteration: they have to stay in a second-level cache beside those of the next.
const MOST: i64 = 256 << 10;

/// The loop of `kernel` that threads share, and what an iteration of it goes through that can be asked for.
pub(super) fn ahead<'g>(kernel: Uop<'g>) -> Option<(Uop<'g>, Vec<Block<'g>>)> {
    let shared = Nest::new(kernel).loops().into_iter().find(|r| matches!(r.arg(), Arg::Range(_, Axis::Parallel)))?;
    let blocks = blocks(&kernel.toposort(), shared);
    (1..=MOST).contains(&bytes(&blocks)).then_some((shared, blocks))
}

/// `kernel` with its results marked, if there is something to ask for and results go through the caches.
pub(super) fn looking_ahead(kernel: Uop) -> Option<Uop> {
    let stores: Vec<_> = kernel.srcs().map(|store| store.with_arg(Arg::Prefetch)).collect();
    let fits = ahead(kernel).is_some() && kernel.srcs().all(|store| *store.arg() == Arg::None);
    fits.then(|| kernel.with_srcs(&stores))
}
