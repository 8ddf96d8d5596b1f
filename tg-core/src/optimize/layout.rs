//! Scratch memory: how much a kernel has of it, and where in it the elements of a tile are.

use crate::ir::{Arg, Arrangement, Axis, Op, Uop};

/// Bytes of a cache line.
const LINE: usize = 64;
/// Bytes of a part of a tile from which its distance to the next matters.
const LARGE: i128 = 1 << 10;
/// Most elements of a tile.
const MOST_ELEMENTS: i128 = 1 << 24;

/// New scratch memory of `kernel` for `len` elements like `value`.
pub(super) fn scratch<'g>(kernel: Uop<'g>, value: Uop<'g>, len: i128) -> Uop<'g> {
    scratch_as(kernel, value, len, Arrangement::Plain)
}

/// The same, where they are arranged in some way.
pub(super) fn scratch_as<'g>(kernel: Uop<'g>, value: Uop<'g>, len: i128, arrangement: Arrangement) -> Uop<'g> {
    kernel.graph().local_as(value.dtype(), (scratch_memories(kernel) as u32, len as u32), arrangement)
}

/// How many scratch memories `kernel` has.
pub(super) fn scratch_memories(kernel: Uop) -> usize {
    kernel.toposort().into_iter().filter(|n| n.op() == Op::DefineLocal).count()
}

/// Whether a copy of `value` over `loops` would be the same memory for several lanes, or for copies of a loop's body.
pub(super) fn is_shared<'g>(value: Uop<'g>, loops: &[Uop<'g>]) -> bool {
    let is_copy = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(_, Axis::Lane | Axis::Unroll));
    value.ranges().any(|r| is_copy(&r) && !loops.contains(&r))
}

/// Row-major, except that large parts are apart by a cache line more, lest they fall into the same lines of a cache.
pub(super) struct Layout {
    steps: Vec<i64>,
    /// How many elements there are, with those that are skipped.
    pub elements: i128,
}

impl Layout {
    /// The layout for these sizes, outer before inner, of elements of `bytes` bytes; `None` if it would be too large.
    pub fn of(sizes: &[i128], bytes: usize) -> Option<Layout> {
        let mut steps = vec![];
        let mut elements = 1i128;
        for (i, size) in sizes.iter().enumerate().rev() {
            if i < sizes.len() - 1 && elements * bytes as i128 >= LARGE {
                elements += (LINE / bytes) as i128;
            }
            steps.push(elements as i64);
            elements = elements.checked_mul(*size)?;
        }
        steps.reverse();
        (elements > 0 && elements <= MOST_ELEMENTS).then_some(Layout { steps, elements })
    }

    /// Where the element at these indices is.
    pub fn place<'g>(&self, indices: &[Uop<'g>]) -> Uop<'g> {
        let each = indices.iter().zip(&self.steps).map(|(index, step)| *index * *step);
        each.reduce(|a, b| a + b).unwrap_or_else(|| panic!("layout: a tile without loops"))
    }
}
