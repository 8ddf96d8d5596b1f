//! Some steps of a sum are written out: what a loop takes for itself, to count and to move on in memory, is then a smaller part.
//!
//! A core that runs nothing else does that beside the products. One whose other thread is busy decodes half as much: it takes up
//! to a tenth less time for products of matrices, a fifth for windows whose index takes some instructions.

use super::tile::is_written_out;
use super::{Plan, is_fresh, is_reduce, leaves, reduced, size};
use crate::ir::{Arg, Op, Uop};
use crate::loops::{Nest, stride};
use crate::optimize::accumulate::only_reduction;
use crate::optimize::stage::is_lane;

/// Fewest vectors of results that are added to in each step: as many as do not wait for each other.
const RESULTS: i64 = 8;
/// Most multiply-adds in the body of a loop, for each register: of more, compilers keep some on the stack.
const BODY: i64 = 2;
/// The same, where they are all steps of a short loop.
const WHOLE: i64 = 4;
/// Registers beside the sums, and the vectors of all steps, where steps share elements.
const BESIDE: i64 = 3;
/// Most steps of a loop of which nothing is left.
const SHORT: i64 = 8;
/// Fewest runs of the body.
const RUNS: i64 = 16;

impl<'g> Plan<'g, '_> {
    /// Writes out steps of the sums of products that are tiled.
    pub(super) fn write_out_steps(&mut self) {
        for leaf in leaves(self.kernel) {
            if let Some(by) = self.steps(leaf).filter(|by| *by > 1) {
                self.unroll(Some(leaf), by as u32);
            }
        }
    }

    /// How many steps of `leaf` to write out, if it is the loop of a tiled sum of products.
    fn steps(&self, leaf: Uop<'g>) -> Option<i64> {
        let count = leaf.src(0).as_int().filter(|_| is_reduce(leaf) && is_fresh(&leaf))? as i64;
        let sum = only_reduction(self.kernel, leaf)?;
        let is_tiled =
            *sum.arg() == Arg::Op(Op::Add) && sum.src(0).op() == Op::Mul && sum.ranges().any(|r| is_lane(&r));
        let is_whole = !sum.srcs().skip(1).any(|r| is_written_out(&r));
        let results = sum.ranges().filter(is_written_out).map(size).product();
        let runs = reduced(&Nest::new(self.kernel).path(Some(leaf)));
        let registers = self.isa.vector_registers() as i64;
        let held = self.vectors_of_windows(leaf).map_or(0, |vectors| (registers - BESIDE - results) / vectors);
        let by = steps(count, results, registers, held);
        (is_tiled && is_whole && results >= RESULTS && runs >= RUNS * by).then_some(by)
    }

    /// How many vectors of a tile one step of `leaf` reads, if the next step reads elements of results beside.
    fn vectors_of_windows(&self, leaf: Uop<'g>) -> Option<i64> {
        let nest = Nest::new(self.kernel);
        let tile: Vec<_> = nest.path(Some(leaf)).into_iter().filter(is_written_out).collect();
        let (vectors, elements) = self.read_in(leaf);
        let (&[vectors], &[element]) = (&vectors[..], &elements[..]) else { return None };
        let element = element.src(0).src(1);
        let step = stride(element, leaf).filter(|step| *step != 0)?;
        let is_window = tile.iter().any(|r| stride(element, *r) == Some(step));
        is_window.then(|| tile.iter().filter(|r| vectors.depends_on(**r)).map(|r| size(*r)).product())
    }
}

/// How many of `count` steps to write out, each for `results` vectors, with so many `registers`, which hold what `held` steps read:
/// all, if they are few, or as many as divide them.
fn steps(count: i64, results: i64, registers: i64, held: i64) -> i64 {
    if count <= SHORT && count * results <= WHOLE * registers {
        return count;
    }
    let most = (BODY * registers / results.max(1)).max(held);
    (1..=most).rev().find(|by| count % by == 0).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_steps_as_divide_all() {
        let of_avx512 = |count, results| steps(count, results, 32, 0);
        assert_eq!(of_avx512(1024, 24), 2);
        assert_eq!(of_avx512(784, 16), 4);
        assert_eq!(of_avx512(513, 19), 3);
        assert_eq!(of_avx512(7, 16), 7);
        assert_eq!(of_avx512(7, 24), 1);
        assert_eq!(of_avx512(1009, 16), 1);
        assert_eq!(steps(1024, 12, 16, 0), 2);
        assert_eq!(steps(20, 20, 32, 4), 4);
    }
}
