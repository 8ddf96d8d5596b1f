//! Which bits of a thread's number are the counter of which loop, on a GPU, and which loops run over blocks.
//!
//! Each loop over threads says itself which bits it has. Loops that stand inside of each other have bits of their own;
//! loops elsewhere use the same bits again. The number of a block is taken apart by division, since there are any number.

use crate::ir::{Arg, Axis, Uop};
use crate::loops::{Nest, closes};

/// The threads of a block, and the loops over blocks.
pub struct Digits<'g> {
    /// log₂ of the threads of a block.
    bits: u32,
    grid: Vec<Uop<'g>>,
}

/// The bits of `range` in the thread's number; none if it is no loop over threads.
fn mask(range: Uop) -> u32 {
    match range.arg() {
        Arg::Range(_, Axis::Thread(bit)) => (range.src(0).vmax() as u32 - 1) << bit,
        _ => 0,
    }
}

impl<'g> Digits<'g> {
    /// Those of `kernel`.
    pub fn of(kernel: Uop<'g>) -> Digits<'g> {
        let loops = Nest::new(kernel).loops();
        let bits = loops.iter().map(|r| 32 - mask(*r).leading_zeros()).max().unwrap_or(0);
        let grid = loops.into_iter().filter(|r| matches!(r.arg(), Arg::Range(_, Axis::Grid))).collect();
        Digits { bits, grid }
    }

    /// Whether the loops that each value of `kernel` varies with have bits of their own.
    pub fn are_apart(&self, kernel: Uop<'g>) -> bool {
        kernel.toposort().into_iter().filter(|n| closes(*n).is_some()).all(|node| {
            let fixed = closes(node).unwrap_or(0);
            let mut inside: Vec<_> = node.ranges().chain(node.srcs().skip(fixed)).collect();
            inside.sort_unstable();
            inside.dedup();
            inside.into_iter().map(mask).try_fold(0, |used, m| (used & m == 0).then_some(used | m)).is_some()
        })
    }

    /// Threads of a block.
    pub fn threads(&self) -> u32 {
        1 << self.bits
    }

    /// The loops over blocks, outer before inner.
    pub fn grid(&self) -> &[Uop<'g>] {
        &self.grid
    }

    /// The bits of `range` in the thread's number; none if it is no loop over threads.
    pub fn mask(&self, range: Uop<'g>) -> u32 {
        mask(range)
    }
}

/// The bits `mask` of `number`, next to each other.
pub fn field<'g>(number: Uop<'g>, mask: u32) -> Uop<'g> {
    let (mut rest, mut taken, mut sum) = (mask, 0, number.like(0i64));
    while rest != 0 {
        let lowest = rest.trailing_zeros();
        let count = (rest >> lowest).trailing_ones();
        let run = number / (1i64 << lowest) % (1i64 << count);
        sum = sum + run * (1i64 << taken);
        taken += count;
        rest &= !(((1u32 << count) - 1) << lowest);
    }
    sum
}
