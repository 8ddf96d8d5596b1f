//! How the lanes of a vector lie in memory, and in how many accesses they are read or written.
//!
//! An access is at most 16 bytes wide and aligned to its width. How far an address is aligned follows from its
//! expression alone: the beginnings of buffers and of shared arrays are aligned to any width.

use rustc_hash::FxHashMap;

use crate::dtype::{Kind, Scalar};
use crate::ir::{Op, Uop};
use crate::target::WIDEST;

/// More than any access needs; what 0 is a multiple of.
const ENOUGH: u64 = 1 << 8;

/// Neighbouring lanes that one instruction reads or writes, in registers of memory's own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The first lane.
    pub first: usize,
    /// How many.
    pub lanes: usize,
    /// How many of them share a register: as many as fit 32 bits, or one.
    pub shared: usize,
}

impl Chunk {
    /// How many registers there are.
    pub fn units(self) -> usize {
        self.lanes / self.shared
    }
}

/// The accesses for `lanes` neighbours of `scalar`, the first of which is at a multiple of `alignment` elements.
pub(super) fn chunks(scalar: Scalar, lanes: usize, alignment: u64) -> Vec<Chunk> {
    let size = scalar.bits() as usize / 8;
    let mut all = vec![];
    let mut first = 0;
    while first < lanes {
        let aligned = 1 << (alignment | first as u64).trailing_zeros();
        let largest = (lanes - first).min(WIDEST / size).min(aligned);
        let count = 1 << largest.ilog2();
        let shared = if size < 4 && count * size >= 4 { 4 / size } else { 1 };
        all.push(Chunk { first, lanes: count, shared });
        first += count;
    }
    all
}

/// The type of one register of an access in which every lane has its own.
pub(super) fn memory_type(scalar: Scalar) -> &'static str {
    match (scalar.kind(), scalar.bits()) {
        (Kind::Bool, _) | (Kind::Unsigned, 8) => "u8",
        (Kind::Signed, 8) => "s8",
        (Kind::Unsigned, 16) => "u16",
        (Kind::Signed, 16) => "s16",
        (_, 16) => "b16",
        (_, 32) => "b32",
        _ => "b64",
    }
}

/// For each integer of `list` a power of two that it is always a multiple of.
#[derive(Default)]
pub(super) struct Divisors<'g>(FxHashMap<Uop<'g>, u64>);

impl<'g> Divisors<'g> {
    pub fn new(list: &[Uop<'g>]) -> Divisors<'g> {
        let mut divisors = Divisors::default();
        for node in list.iter().filter(|n| n.dtype().is_index()) {
            let divisor = divisors.infer(*node).min(ENOUGH);
            divisors.0.insert(*node, divisor);
        }
        divisors
    }

    pub fn of(&self, node: Uop<'g>) -> u64 {
        self.0.get(&node).copied().unwrap_or(1)
    }

    fn infer(&self, node: Uop<'g>) -> u64 {
        let of = |i: usize| self.of(node.src(i));
        match node.op() {
            Op::Const => node.as_int().map_or(1, |v| 1 << v.trailing_zeros().min(ENOUGH.trailing_zeros())),
            Op::Mul => of(0) * of(1),
            // A remainder is its dividend less a multiple of the divisor.
            Op::Add | Op::Sub | Op::Max | Op::Mod => of(0).min(of(1)),
            Op::Where => of(1).min(of(2)),
            Op::Mulacc => (of(0) * of(1)).min(of(2)),
            Op::Neg => of(0),
            Op::Idiv => self.quotient(node),
            Op::Shl => node.src(1).as_int().map_or(1, |n| of(0) << n.clamp(0, 8)),
            _ => 1,
        }
    }

    /// A multiple of 16 over 4 is a multiple of 4.
    fn quotient(&self, node: Uop<'g>) -> u64 {
        let by = node.src(1).as_int().and_then(|v| u64::try_from(v).ok()).filter(|v| v.is_power_of_two());
        by.map_or(1, |by| (self.of(node.src(0)) / by).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Axis, Graph};

    fn widths(scalar: Scalar, lanes: usize, alignment: u64) -> Vec<usize> {
        chunks(scalar, lanes, alignment).iter().map(|c| c.lanes).collect()
    }

    #[test]
    fn accesses_are_as_wide_as_alignment_and_lanes_allow() {
        assert_eq!(widths(Scalar::F32, 8, 256), [4, 4]);
        assert_eq!(widths(Scalar::F32, 4, 2), [2, 2]);
        assert_eq!(widths(Scalar::F32, 3, 4), [2, 1]);
        assert_eq!(widths(Scalar::F64, 4, 4), [2, 2]);
        assert_eq!(widths(Scalar::BF16, 8, 8), [8]);
        assert_eq!(widths(Scalar::BF16, 8, 1), [1; 8]);
        assert_eq!(widths(Scalar::U8, 16, 16), [16]);
        assert_eq!(widths(Scalar::U8, 6, 2), [2, 2, 2]);
        assert_eq!(chunks(Scalar::BF16, 8, 8)[0].units(), 4);
        assert_eq!(chunks(Scalar::U8, 2, 2)[0].units(), 2);
    }

    #[test]
    fn alignment_follows_from_the_address() {
        let g = Graph::new();
        let (i, four) = (g.range(g.index(9), Axis::Loop), g.index(4));
        let check = |node: Uop, expected| assert_eq!(Divisors::new(&node.toposort()).of(node), expected, "{node:?}");
        check(i * 4, 4);
        check(i * 12 + 8, 4);
        check(i * 8 + 2, 2);
        check((i * 16) / 4, 4);
        check((i * 8) % 4, 4);
        check((i * 6) % 4, 2);
        check(i.lt(3).choose(i * 16, four), 4);
        check(g.index(0), ENOUGH);
        check(g.index(-24), 8);
        check(i / 4, 1);
    }
}
