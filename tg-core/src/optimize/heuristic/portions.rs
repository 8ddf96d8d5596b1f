//! A reduction in portions: an operand whose lanes lie apart in memory is put in order some of its elements at a time,
//! for many results that need them, which are added up in scratch memory.
//!
//! The gradient of a convolution by its weights is such a sum: over all pictures, with lanes over channels, which are a
//! picture's size apart. A picture put in order serves all taps and many channels of the other operand. Where the batch has
//! parts (`schedule/partial.rs`), each has pictures of its own, and threads share parts; else they share channels, and each puts
//! all pictures in order.

use super::contraction::THREADS;
use super::{Plan, blocks, is_fresh, is_reduce, size};
use crate::ir::{Arg, Axis, Uop};
use crate::loops::Nest;
use crate::optimize::action::Action;

/// Bytes that are put in order at a time: enough to pay for adding up, few enough to stay in the second-level cache.
pub(super) const PORTION: i64 = 128 << 10;
/// Most bytes of the results that are added up.
const SUMS: i64 = 512 << 10;
/// Fewest iterations for threads to share.
const SHARES: i64 = 4;
/// Time to put an element in its place, in multiply-adds.
const COPY: f64 = 6.0;

impl<'g> Plan<'g, '_> {
    /// Runs the outermost loop of the reduction around `k` in portions of `load`, each put in order first. Returns whether it
    /// does.
    pub(super) fn stage_portions(&mut self, load: Uop<'g>, k: Uop<'g>) -> bool {
        let path = Nest::new(self.kernel).path(Some(k));
        let moves = |r: &&Uop<'g>| load.depends_on(**r);
        let Some(&all) = path.iter().rev().find(|r| is_reduce(**r) && is_fresh(r)).filter(moves) else { return false };
        let Some(&rows) = path.iter().rev().find(|r| is_fresh(r) && !is_reduce(**r) && !moves(r)) else { return false };
        let batch = self.batch(k);
        let bytes = |ranges: &mut dyn Iterator<Item = Uop<'g>>| ranges.map(size).fold(4, i64::saturating_mul);
        let each = bytes(&mut load.ranges().filter(|r| *r != all && Some(*r) != batch));
        let results = path.iter().copied().filter(|r| !is_reduce(*r) && *r != rows && Some(*r) != batch);
        let sums = bytes(&mut results.clone());
        if each > PORTION || sums > SUMS {
            return false;
        }
        let still = results.filter(|r| !load.depends_on(*r)).map(size).product();
        let most = (SUMS / sums).min(size(rows));
        let at = match batch {
            Some(batch) => (most == size(rows)).then_some(batch),
            None => self.outermost(rows, shares(size(rows), most, still)).0,
        };
        let Some((axis, at)) = at.and_then(|at| Some((self.place(all)?, self.place(at)?))) else { return false };
        self.act(Action::Accumulate { axis, size: (PORTION / each) as u32, at });
        let is_portion = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Serial));
        let portion = Nest::new(self.kernel).loops().into_iter().find(is_portion);
        if let (Some(portion), Some(load)) = (portion, self.operand(k, true)) {
            self.stage(portion, load);
        }
        true
    }

    /// The outermost loop around `k`, if each of its iterations has operands of its own, a part of a sum or one of several
    /// products, and they are enough for threads to share.
    pub(super) fn batch(&self, k: Uop<'g>) -> Option<Uop<'g>> {
        let is_shared = |r: &Uop<'g>| is_fresh(r) && !is_reduce(*r) && size(*r) >= SHARES;
        let outermost = Nest::new(self.kernel).path(Some(k)).last().copied().filter(is_shared)?;
        let moves = |in_vectors| self.operand(k, in_vectors).is_some_and(|load| load.depends_on(outermost));
        (moves(true) && moves(false)).then_some(outermost)
    }
}

/// How many of `rows` rows, at most `most`, one share of threads adds up: each share puts all portions in order, for `each`
/// results in a row.
fn shares(rows: i64, most: i64, each: i64) -> i64 {
    let time = |by: i64| {
        let shares =
            THREADS.iter().map(|threads| (blocks(blocks(rows, by), *threads) * threads * by) as f64).sum::<f64>();
        shares * (1.0 + COPY / (by * each) as f64)
    };
    (1..=most.min(rows)).min_by(|a, b| time(*a).total_cmp(&time(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_few() {
        assert_eq!(shares(32, 100, 25), 4);
        assert_eq!(shares(32, 2, 25), 2);
        assert_eq!(shares(1, 100, 25), 1);
    }
}
