//! Which bits of a thread's number are the counter of which loop, on a GPU.
//!
//! Loops over threads that stand inside of each other take the bits of the number from the highest down, the outermost
//! first, so that neighbouring threads run neighbouring iterations of the innermost one, and a loop has the same bits in
//! everything it is around. Loops elsewhere use the same bits again. The number of a block is taken apart likewise, by
//! division, since there are any number of blocks.

use crate::ir::{Arg, Axis, Memo, Uop};
use crate::loops::{Nest, closes};

/// The bits of each loop over threads, and the loops over blocks.
pub struct Digits<'g> {
    /// log₂ of the threads of a block.
    bits: u32,
    /// The lowest bit of each loop's counter in the thread's number, and how many there are.
    places: Memo<'g, (u32, u32)>,
    grid: Vec<Uop<'g>>,
}

fn is(range: Uop, axis: Axis) -> bool {
    matches!(range.arg(), Arg::Range(_, kind) if *kind == axis)
}

impl<'g> Digits<'g> {
    /// Those of `kernel`; `None` if two loops that something varies with share bits, or one has not a power of two of
    /// iterations.
    pub fn of(kernel: Uop<'g>) -> Option<Digits<'g>> {
        let nest = Nest::new(kernel);
        let loops = nest.loops();
        let (grid, threads): (Vec<_>, Vec<_>) =
            loops.iter().copied().filter(|r| is(*r, Axis::Grid) || is(*r, Axis::Thread)).partition(|r| is(*r, Axis::Grid));
        let mut above: Memo<'g, u32> = Memo::new(kernel.graph());
        for &range in &threads {
            let size = range.src(0).as_int().filter(|n| n.count_ones() == 1)?;
            let outer = nest.path(Some(range)).into_iter().skip(1).find(|r| is(*r, Axis::Thread));
            above.insert(range, size.trailing_zeros() + outer.map_or(0, |o| above[o]));
        }
        let bits = threads.iter().map(|r| above[*r]).max().unwrap_or(0);
        let mut digits = Digits { bits, places: Memo::new(kernel.graph()), grid };
        for range in threads {
            let own = range.src(0).vmax().trailing_zeros();
            digits.places.insert(range, (bits - above[range], own));
        }
        digits.is_consistent(kernel).then_some(digits)
    }

    /// Whether the loops that each value varies with have bits of their own.
    fn is_consistent(&self, kernel: Uop<'g>) -> bool {
        kernel.toposort().into_iter().filter(|n| closes(*n).is_some()).all(|node| {
            let fixed = closes(node).unwrap_or(0);
            let mut inside: Vec<_> = node.ranges().chain(node.srcs().skip(fixed)).collect();
            inside.sort_unstable();
            inside.dedup();
            inside.iter().try_fold(0, |used, r| Some(self.mask(*r)).filter(|m| used & m == 0).map(|m| used | m)).is_some()
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
        self.places.get(range).map_or(0, |(lowest, bits)| ((1 << bits) - 1) << lowest)
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
