//! What the lowering for GPUs has beside the passes that it shares with processors.
//!
//! | pass | after it |
//! |---|---|
//! | [`half`] | f16 and bf16 are only moved, added and converted |
//! | [`matrix`] | sums over Matrix ranges are WMMA |
//! | [`cooperate`] | reductions over threads combine what each thread has combined |
//! | [`sums`] | steps of a sum of products share registers |
//! | [`threads`] | no Grid and Thread ranges: the numbers of the block and of the thread, and shuffles |
//! | [`pairs`] | four matrices are loaded at a time |
//! | [`exchange`] | threads store four narrow results side by side, of which matrix units give them two |
//! | [`wide`] | neighbours that are loaded one by one are loaded together |
//! | [`ahead`] | copies into shared memory that may run ahead do |
//! | [`settle`] | products of four warps are waited for where their results, or the memory of their factors, are used |
//! | [`barriers`] | shared memory is read after all have written it, and written after all have read it |
//! | [`early`] | matrices are loaded a step before they are multiplied |
//! | [`rotate`] | an iteration waits for the tiles of the next, and loads from them, before its last products |

mod ahead;
mod barriers;
mod cooperate;
mod early;
mod exchange;
mod group;
mod half;
mod matrix;
mod pairs;
mod rotate;
mod settle;
mod sums;
mod threads;
mod wide;

pub(super) use ahead::ahead;
pub(super) use barriers::barriers;
pub(super) use cooperate::cooperate;
pub(super) use early::early;
pub(super) use exchange::exchange;
pub(super) use half::half;
pub(super) use matrix::{accumulated, is_sum_of_factors, matrix};
pub(super) use pairs::pairs;
pub(super) use rotate::rotate;
pub(super) use settle::settle;
pub(super) use sums::{shared, sums};
pub(super) use threads::threads;
pub(super) use wide::wide;

use crate::ir::{Arg, Axis, Op, Uop};

/// The DEFINE_GLOBAL or DEFINE_LOCAL under `address`.
fn root(address: Uop<'_>) -> Uop<'_> {
    let mut pointer = address;
    while matches!(pointer.op(), Op::Index | Op::After) {
        pointer = pointer.src(0);
    }
    pointer
}

fn is_thread(range: &Uop) -> bool {
    matches!(range.arg(), Arg::Range(_, Axis::Thread(_)))
}
