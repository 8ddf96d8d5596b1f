//! What the lowering for GPUs has beside the passes that it shares with processors.
//!
//! | pass | after it |
//! |---|---|
//! | [`half`] | f16 and bf16 are only moved and converted |
//! | [`matrix`] | sums over Matrix ranges are WMMA |
//! | [`cooperate`] | reductions over threads combine what each thread has combined |
//! | [`threads`] | no Grid and Thread ranges: the numbers of the block and of the thread, and shuffles |
//! | [`ahead`] | copies into shared memory that may run ahead do |
//! | [`barriers`] | shared memory is read after all have written it, and written after all have read it |

mod ahead;
mod barriers;
mod cooperate;
mod half;
mod matrix;
mod threads;

pub(super) use ahead::ahead;
pub(super) use barriers::barriers;
pub(super) use cooperate::cooperate;
pub(super) use half::half;
pub(super) use matrix::{accumulated, matrix};
pub(super) use threads::threads;
