//! A large operand that few results share is read in the order of its memory: some of its rows at a time, in long
//! pieces, and the results are added up in scratch memory. What such a product takes is the time to read the operand.

use super::accesses::{Accesses, Choice};
use super::contraction::{READERS, THREADS, lies_far};
use super::{Plan, blocks, is_reduce, size};
use crate::ir::Uop;
use crate::optimize::action::Action;

/// Rows that are read together.
const ROWS: u32 = 8;
/// Bytes of a piece of a row, from which prefetching works.
const PIECE: i64 = 4 << 10;

impl<'g> Plan<'g, '_> {
    /// Runs the reduction `k` outside of the results in a piece of the rows, if that is worth it.
    pub(super) fn sweep(&mut self, k: Uop<'g>, chain: &[Uop<'g>], accesses: &Accesses<'g>, choice: Choice<'g>) -> bool {
        let Some((operand, rows)) = sharing(k, chain, accesses, choice.axis) else { return false };
        let vector = choice.lanes * operand.dtype().pointee().bytes() as i64;
        let around = chain.iter().filter(|r| !is_reduce(**r) && **r != choice.axis && !rows.contains(r));
        let around: Vec<_> = around.copied().collect();
        for row in rows {
            self.unroll(Some(row), size(row) as u32);
        }
        let k = self.unroll(Some(k), ROWS);
        let Some(vectors) = self.vectorize(choice.axis, choice.lanes as u32, 1) else { return true };
        let Some(piece) = self.outermost(vectors, pieces(size(vectors), vector)).0 else { return true };
        for range in around {
            self.outermost(range, 1);
        }
        if let (Some(axis), Some(at)) = (k.and_then(|k| self.place(k)), self.place(piece)) {
            self.act(Action::Accumulate { axis, size: 1, at });
        }
        true
    }
}

/// The address of an operand that lies far apart along `k`, and the loops whose results share it, if `k` is the whole
/// reduction and they are few.
fn sharing<'g>(
    k: Uop<'g>,
    chain: &[Uop<'g>],
    accesses: &Accesses<'g>,
    axis: Uop<'g>,
) -> Option<(Uop<'g>, Vec<Uop<'g>>)> {
    let mut moving = accesses.loads.iter().copied().filter(|load| load.depends_on(axis));
    let large = moving.next().filter(|load| moving.next().is_none() && lies_far(*load, k))?;
    let alone = is_reduce(k) && !is_reduce(axis) && chain.iter().filter(|r| is_reduce(**r)).count() == 1;
    let rows: Vec<_> = chain.iter().copied().filter(|r| !is_reduce(*r) && !large.depends_on(*r)).collect();
    let readers = rows.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
    (alone && readers < READERS && size(k) > ROWS.into()).then_some((large, rows))
}

/// How many of `vectors` vectors of `bytes` bytes make a piece: enough to be long, and such that threads get equal shares.
fn pieces(vectors: i64, bytes: i64) -> i64 {
    let most = THREADS.into_iter().rev().find(|n| vectors / n * bytes >= PIECE);
    blocks(vectors, most.unwrap_or(1).max(2))
}
