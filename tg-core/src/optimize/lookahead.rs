//! Looking ahead: while one iteration of the loop that threads share runs, or of one in it, what the next one reads and stores is
//! asked for. Results are marked so; `lower/lookahead.rs` makes the instructions.
//!
//! It pays where much is computed of little memory, such as of each picture of a batch: hardware follows what is read in jumps
//! late or not at all, and a core that waits for memory computes nothing meanwhile.

use crate::ir::{Arg, Axis, Uop};
use crate::loops::{Block, Nest, are_held, blocks};

/// The loop of `kernel` whose iterations ask for what the next go through, and that: the one that threads share, or the first on
/// the way to the busiest in it of which a second-level cache holds two iterations.
pub(super) fn ahead<'g>(kernel: Uop<'g>) -> Option<(Uop<'g>, Vec<Block<'g>>)> {
    let (nest, nodes) = (Nest::new(kernel), kernel.toposort());
    let is_shared = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Parallel));
    let shared = nest.loops().into_iter().find(is_shared)?;
    let path = nest.path(busiest(&nest, shared));
    let inwards = path.iter().copied().enumerate().rev().skip_while(|(_, r)| *r != shared);
    let mut blocks = inwards.map(|(i, range)| (range, blocks(&nodes, range, &path[i + 1..])));
    blocks.find(|(_, blocks)| are_held(blocks)).filter(|(_, blocks)| !blocks.is_empty())
}

/// The loop in `around` that runs most often and has no other inside.
fn busiest<'g>(nest: &Nest<'g>, around: Uop<'g>) -> Option<Uop<'g>> {
    let runs = |r: Uop<'g>| nest.path(Some(r)).into_iter().map(|r| r.src(0).vmax()).fold(1, i128::saturating_mul);
    nest.loops().into_iter().filter(|r| nest.path(Some(*r)).contains(&around)).max_by_key(|r| runs(*r))
}

/// `kernel` with its results marked, if there is something to ask for and results go through the caches.
pub(super) fn looking_ahead(kernel: Uop) -> Option<Uop> {
    let stores: Vec<_> = kernel.srcs().map(|store| store.with_arg(Arg::Prefetch)).collect();
    let fits = ahead(kernel).is_some() && kernel.srcs().all(|store| *store.arg() == Arg::None);
    fits.then(|| kernel.with_srcs(&stores))
}
