//! A loop that computes each result from its own elements, of more than the caches hold, goes through memory at several places
//! by turns: hardware follows each of them by itself, to the end of a page, and has to begin anew there. What such a loop takes is
//! the time to read and write.

use super::accesses::{Accesses, Choice};
use super::{Plan, is_reduce, is_streamed, size};
use crate::ir::Uop;

/// Places that are gone through by turns.
const STREAMS: i64 = 8;
/// Bytes of one before it is the turn of the next: enough for a prefetcher to follow.
const PIECE: i64 = 1 << 10;
/// Vectors that are written out.
const TOGETHER: u32 = 4;

impl<'g> Plan<'g, '_> {
    /// Runs the loop `leaf` at several places by turns, if it is all there is, and can be cut into equal pieces.
    pub(super) fn streams(
        &mut self,
        leaf: Uop<'g>,
        chain: &[Uop<'g>],
        accesses: &Accesses<'g>,
        choice: Choice<'g>,
    ) -> bool {
        let piece = PIECE / accesses.widest();
        let is_all = chain.len() == 1 && !is_reduce(leaf) && choice.axis == leaf && is_streamed(self.kernel);
        let divides = leaf.src(0).as_int().is_some_and(|n| n % i128::from(STREAMS * piece) == 0);
        if !is_all || !divides || accesses.moving(leaf) == 0 {
            return false;
        }
        let (_, inside) = self.outermost(leaf, size(leaf) / STREAMS);
        if let (_, Some(piece)) = self.outermost(inside, piece) {
            self.vectorize(piece, choice.lanes as u32, TOGETHER);
        }
        true
    }
}
