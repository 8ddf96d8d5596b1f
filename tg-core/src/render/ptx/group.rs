//! Products of four warps from shared memory, and the addresses of memory that is swizzled for them.
//!
//! Such a product changes the registers of its sum where they are: all products of a sum, and the sum, have one set of
//! registers. A factor is named by a descriptor: its address, how far its parts are apart, all in units of 16 bytes, and
//! that it is swizzled.

use super::Writer;
use super::memory::peel;
use super::registers::{Class, Lane};
use crate::dtype::DType;
use crate::ir::{Arg, Group, Op, ROW, Rows, SWIZZLED, Uop};
use crate::target::WIDEST;

/// Bytes between groups of eight rows, and the swizzling of 128 bytes, in the upper half of a descriptor.
const ROWS_AND_SWIZZLING: u32 = (SWIZZLED / WIDEST) as u32 | 1 << 30;
/// log₂ of the rows of 16 bytes in a row of 128: by how many bits the number of a row is above that of a piece.
const ROW_ABOVE_PIECE: u32 = (ROW / WIDEST).trailing_zeros();
/// The bits of a piece's number in an address.
const PIECE: i64 = (ROW - WIDEST) as i64;

const NEGATIVE_ZERO: &str = "0f80000000";
/// How many sums a thread takes at a time, if what it computes of them goes through the special function unit.
const AT_ONCE: usize = 8;

/// How far a thread has come with products of four warps and with their sums.
#[derive(Default)]
pub(super) struct Progress {
    /// Whether there are products whose group has not ended.
    are_begun: bool,
    /// How many sums have been taken.
    taken: usize,
    /// The last result of the special function unit that no sum has waited for.
    special: Option<String>,
    /// The -0 that is added to sums, if it is no literal.
    zero: Option<String>,
}

/// Where the byte `at` of swizzled memory is.
fn swizzled(at: i64) -> i64 {
    at ^ (at >> ROW_ABOVE_PIECE & PIECE)
}

impl<'g> Writer<'g, '_> {
    /// The address, in brackets, `offset` bytes behind `rest` * `size`, in swizzled memory that begins `start` behind `base`.
    pub(super) fn swizzled(
        &mut self,
        (base, start): (String, i64),
        rest: Option<Uop<'g>>,
        (offset, size): (i64, i64),
    ) -> String {
        let within = offset.rem_euclid(SWIZZLED as i64);
        let (register, constant) = match rest {
            Some(rest) => (self.scaled(base, rest, (size, Some(within))), offset - within),
            None => (base, offset - within + swizzled(within)),
        };
        format!("[{register}+{}]", start + constant)
    }

    /// Makes of the place in `register` the address behind `base`.
    pub(super) fn swizzle(&mut self, register: &str, base: &str) {
        let row = self.body.fresh(Class::B32);
        self.body.line(format!("shr.u32 {row}, {register}, {ROW_ABOVE_PIECE};"));
        self.body.line(format!("and.b32 {row}, {row}, {PIECE};"));
        self.body.line(format!("xor.b32 {register}, {register}, {row};"));
        self.body.line(format!("add.s32 {register}, {register}, {base};"));
    }

    /// The product of matrices of four warps.
    pub(super) fn wgmma(&mut self, node: Uop<'g>) -> Vec<Lane> {
        let Arg::Group(group) = *node.arg() else { panic!("render: {node:?}") };
        let (left, right) = (self.descriptor(node.src(0), group, 0), self.descriptor(node.src(1), group, 1));
        let sum = self.sum_in_place(node.src(2));
        self.progress.are_begun = true;
        let registers: Vec<String> = sum.iter().map(|lane| self.body.whole(lane)).collect();
        let (columns, steps, factor) = (group.columns, group.steps(), group.fragment.name());
        // Only factors of 16 bits may lie across the sum.
        let ways = group.factors.map(|rows| if rows == Rows::Along { ", 0" } else { ", 1" }).concat();
        let ways = if group.fragment.factor().bytes() == 2 { ways } else { String::new() };
        self.body.line(format!(
            "wgmma.mma_async.sync.aligned.m64n{columns}k{steps}.f32.{factor}.{factor} {{{}}}, {left}, {right}, 1, 1, 1{ways};",
            registers.join(", ")
        ));
        sum
    }

    /// The registers of `sum`, to be changed: those of a sum, or what was added to it just before; of a constant, new ones.
    fn sum_in_place(&mut self, sum: Uop<'g>) -> Vec<Lane> {
        let lanes = self.lanes(sum).to_vec();
        if sum.op() == Op::Wgmma {
            return lanes;
        }
        let lanes = match sum.op() {
            Op::DefineAcc => lanes,
            _ => lanes.iter().map(|lane| self.copy(lane, Class::B32)).collect(),
        };
        // What threads have written to these registers comes before.
        self.body.line("wgmma.fence.sync.aligned;");
        lanes
    }

    /// A copy of a lane of a sum. Of a mere move `ptxas` makes none, may then put what uses the sum before the wait for it, and
    /// waits for each product lest that be wrong. Adding -0 changes nothing.
    pub(super) fn copy_of_sum(&mut self, lane: &Lane) -> Lane {
        let zero = self.zero_for_sum();
        let (sum, copy) = (self.body.whole(lane), self.body.fresh(Class::B32));
        self.body.line(format!("add.f32 {copy}, {sum}, {zero};"));
        Lane::Whole(copy)
    }

    /// The -0 for the next sum. `ptxas` takes all sums at once where it can, goes through what is computed of them step by
    /// step, and so leaves the special function unit idle until it alone has work. So the next sums get a -0 that depends on
    /// a result of that unit for those before: the smaller one of -0 and the size of anything, NaN included.
    fn zero_for_sum(&mut self) -> String {
        let is_next = self.progress.taken.is_multiple_of(AT_ONCE);
        self.progress.taken += 1;
        if let Some(special) = self.progress.special.take_if(|_| is_next) {
            let [size, zero] = [(); 2].map(|()| self.body.fresh(Class::B32));
            self.body.line(format!("abs.f32 {size}, {special};"));
            self.body.line(format!("min.f32 {zero}, {size}, {NEGATIVE_ZERO};"));
            self.progress.zero = Some(zero);
        }
        self.progress.zero.clone().unwrap_or(NEGATIVE_ZERO.into())
    }

    /// Notes that `lanes` are the results of `op`, if sums have been taken before it.
    pub(super) fn note_special(&mut self, op: Op, lanes: &[Lane]) {
        let is_special = matches!(op, Op::Exp2 | Op::Log2 | Op::Recip) && self.progress.taken > 0;
        if let Some(Lane::Whole(last)) = lanes.last().filter(|_| is_special) {
            self.progress.special = Some(last.clone());
        }
    }

    /// A register that names the factor `which` of `group`, which begins at `index`.
    fn descriptor(&mut self, index: Uop<'g>, group: Group, which: usize) -> String {
        let address = self.beginning(index);
        let [unit, register] = [Class::B32, Class::B64].map(|class| self.body.fresh(class));
        self.body.line(format!("shr.u32 {unit}, {address}, {};", WIDEST.trailing_zeros()));
        if let Rows::Across(apart) = group.factors[which] {
            self.body.line(format!("or.b32 {unit}, {unit}, {};", (apart / WIDEST as u32) << 16));
        }
        self.body.line(format!("mov.b64 {register}, {{{unit}, {ROWS_AND_SWIZZLING}}};"));
        register
    }

    /// A register with the address of `index`, where swizzling changes nothing.
    fn beginning(&mut self, index: Uop<'g>) -> String {
        let super::Pointer::Shared { offset, .. } = self.pointer_of(index.src(0)) else { panic!("render: {index:?}") };
        let size = DType::scalar(index.dtype().scalar).bytes() as i64;
        let (rest, constant) = peel(index.src(1));
        let base = self.shared_base.clone().unwrap_or_default();
        let register = rest.map_or(base.clone(), |rest| self.scaled(base, rest, (size, None)));
        let address = self.body.fresh(Class::B32);
        self.body.line(format!("add.s32 {address}, {register}, {};", offset as i64 + constant * size));
        address
    }

    /// Ends a group of products, and waits for all but the last ones. To wait for all, no empty group is needed, which would
    /// be a product of its own.
    pub(super) fn settle(&mut self, node: Uop<'g>) {
        let Arg::Slot(left) = *node.arg() else { panic!("render: {node:?}") };
        if std::mem::take(&mut self.progress.are_begun) || left > 0 {
            self.body.line("wgmma.commit_group.sync.aligned;");
        }
        self.body.line(format!("wgmma.wait_group.sync.aligned {left};"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_eight_rows_are_permuted_within_their_rows() {
        assert_eq!(
            [0, 16, 128, 144, 7 * 128 + 5, 1024 + 128 + 20].map(swizzled),
            [0, 16, 144, 128, 7 * 128 + 117, 1024 + 128 + 4]
        );
        let mut all: Vec<i64> = (0..64).map(|piece| swizzled(16 * piece)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..64).map(|piece| 16 * piece).collect::<Vec<_>>());
    }
}
