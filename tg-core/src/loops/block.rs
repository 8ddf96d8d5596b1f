//! What a loop goes through of a buffer, where that is one block of memory after the other.

use super::stride;
use crate::ir::{Op, Uop};

/// Bytes of blocks that a first-level cache holds beside those of some other iterations.
const NEAR: i64 = 4 << 10;
/// Bytes of blocks that a second-level cache holds beside those of the next iteration.
const HELD: i64 = 256 << 10;
/// Bytes of rows, each read once, that a second-level cache holds while the next ones come.
pub const ROWS: i64 = 384 << 10;

/// The part of a buffer that one iteration of a loop reads and stores, of which the next has the one beside.
#[derive(Clone, Debug)]
pub struct Block<'g> {
    /// The buffer.
    pub memory: Uop<'g>,
    /// Its first element in the first iteration.
    pub start: i64,
    /// How many elements it has, without those that the iteration before has, too.
    pub count: i64,
    /// By how many elements it moves on.
    pub step: i64,
    /// By how many with each of the loops around.
    around: Vec<(Uop<'g>, i64)>,
}

impl<'g> Block<'g> {
    fn bytes(&self) -> i64 {
        self.count.saturating_mul(self.memory.dtype().pointee().bytes() as i64)
    }

    /// Its first element in iteration `at`.
    pub fn begin(&self, at: Uop<'g>) -> Uop<'g> {
        let around = self.around.iter().map(|(range, step)| *range * *step);
        around.fold(at * self.step, |sum, part| part + sum) + self.start
    }
}

/// Bytes of all `blocks`.
pub fn bytes(blocks: &[Block]) -> i64 {
    blocks.iter().map(Block::bytes).fold(0, i64::saturating_add)
}

/// Whether a first-level cache holds all `blocks`, and some more.
pub fn are_near(blocks: &[Block]) -> bool {
    bytes(blocks) <= NEAR
}

/// Whether a second-level cache holds all `blocks` twice.
pub fn are_held(blocks: &[Block]) -> bool {
    bytes(blocks) <= HELD
}

/// The blocks of buffers that `nodes`, LOADs and STOREs among others, access in one iteration of `range` in one of all loops
/// `around` it.
pub fn blocks<'g>(nodes: &[Uop<'g>], range: Uop<'g>, around: &[Uop<'g>]) -> Vec<Block<'g>> {
    let is_access = |n: &&Uop<'g>| matches!(n.op(), Op::Load | Op::Store) && n.src(0).src(0).op() == Op::DefineGlobal;
    let accesses: Vec<Uop<'g>> = nodes.iter().filter(is_access).copied().collect();
    let mut buffers: Vec<_> = accesses.iter().map(|access| access.src(0).src(0)).collect();
    buffers.sort_unstable();
    buffers.dedup();
    let of = |memory: Uop<'g>| accesses.iter().copied().filter(move |access| access.src(0).src(0) == memory);
    buffers.into_iter().filter_map(|memory| block(memory, of(memory), range, around)).collect()
}

/// The block that all `accesses` to `memory` are in; `None` if it does not move on by about as much as it has.
fn block<'g>(
    memory: Uop<'g>,
    accesses: impl Iterator<Item = Uop<'g>>,
    range: Uop<'g>,
    around: &[Uop<'g>],
) -> Option<Block<'g>> {
    let (mut all, mut first, mut end) = (vec![], i128::MAX, i128::MIN);
    for access in accesses {
        let place = access.src(0).src(1);
        let steps = std::iter::once(&range).chain(around).map(|r| stride(place, *r)).collect::<Option<Vec<_>>>()?;
        let moved = std::iter::once(&range).chain(around).zip(&steps);
        let (low, high) = moved.fold((place.vmin(), place.vmax()), |(low, high), (r, step)| {
            let reach = r.vmax().saturating_mul((*step).into());
            (low.saturating_sub(reach.min(0)), high.saturating_sub(reach.max(0)))
        });
        let value = if access.op() == Op::Load { access } else { access.src(1) };
        first = first.min(low);
        end = end.max(high.saturating_add(value.dtype().lanes.into()));
        all.push(steps);
    }
    let steps = all.first().filter(|steps| steps[0] > 0 && all.iter().all(|other| other == *steps))?;
    let (step, first, end) = (steps[0], i64::try_from(first).ok()?, i64::try_from(end).ok()?);
    let count = end.checked_sub(first)?;
    let is_beside = count >= step / 2 && count <= step + step / 2;
    let around = around.iter().copied().zip(steps[1..].iter().copied()).filter(|(_, step)| *step != 0).collect();
    is_beside.then(|| Block { memory, start: first.max(end - step), count: count.min(step), step, around })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph};

    /// Of `for i { for k { … x[10*i + 3*k + 1] … } y[i] … }`, with four `k`, what one iteration of `i` reads.
    #[test]
    fn blocks_move_on_by_what_they_have() {
        let g = Graph::new();
        let (i, k) = (g.range(g.index(8), Axis::Parallel), g.range(g.index(4), Axis::Loop));
        let load = |slot, at| g.global(DType::F32, slot).element(at, None).load();
        let found = |place| blocks(&[load(0, place)], i, &[]).first().map(|b| (b.start, b.count, b.step, b.bytes()));
        assert_eq!(found(i * 10 + k * 3 + 1), Some((1, 10, 10, 40)));
        assert_eq!(found(i * 9 + k * 3), Some((1, 9, 9, 36)), "an element is that of the iteration before");
        assert_eq!(found(i * 3 + k * 3), None, "rows that overlap");
        assert_eq!(found(i + k * 8), None, "columns");
        assert_eq!(found(k), None, "it stays where it is");
        assert_eq!(blocks(&[load(0, i * 10 + k), load(1, i)], i, &[]).len(), 1, "a single column is no block");
        let row = g.range(g.index(7), Axis::Loop);
        let block = &blocks(&[load(0, row * 80 + i * 10 + k * 3)], i, &[row])[0];
        assert_eq!((block.start, block.count, block.step), (0, 10, 10), "of one row");
        assert!(block.begin(i).depends_on(row));
    }
}
