//! Matrix products of a group of four warps, as data: factors lie in shared memory, and how; results are held as those of
//! four fragments, one below the other.
//!
//! A factor lies in rows of [`ROW`] bytes. They go along the sum, one for each row of the left factor or column of the right
//! one; or across it, one for each step of the sum, in panels of as many rows or columns as fit. Memory of
//! [`Arrangement::Swizzled`] puts them where the units look for them. Source: PTX ISA, "Asynchronous warpgroup level matrix
//! instructions". Not here: who multiplies when, and which part of memory a product is of.

use super::Fragment;
use crate::dtype::DType;

/// Bytes of a row.
pub const ROW: usize = 128;
/// Bytes of the piece of memory that swizzling permutes: eight rows.
pub const SWIZZLED: usize = 8 * ROW;

/// Where the elements of scratch memory are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrangement {
    /// In order.
    #[default]
    Plain,
    /// Of every eight rows of 128 bytes, the 16 bytes `i` of row `r` are at `i ^ r`: what lies one below the other comes from
    /// different banks. Places are given as if they were in order.
    Swizzled,
}

/// How a factor lies in shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rows {
    /// Each row goes along the sum.
    Along,
    /// Each row goes across the sum. Panels are so many bytes apart.
    Across(u32),
}

/// A product of 64 rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// The types of factors, and steps of the sum.
    pub fragment: Fragment,
    /// Columns of the right factor and of the result.
    pub columns: u16,
    /// How the left and the right factor lie.
    pub factors: [Rows; 2],
}

impl Group {
    /// Warps, of which each has a fragment's rows.
    pub const WARPS: i64 = 4;
    /// Rows of the left factor and of the result.
    pub const ROWS: i64 = 64;
    /// Fewest and most columns, in eights.
    pub const COLUMNS: [i64; 2] = [32, 256];

    /// Steps of the sum.
    pub fn steps(self) -> i64 {
        self.fragment.shape()[2]
    }

    /// The type of what a thread holds of the result.
    pub fn held(self) -> DType {
        DType::F32.vec(self.columns / 2)
    }

    /// Which of the elements that a thread holds is that of a row (0 or 1 of eight), an eight of columns, and one of two
    /// columns.
    pub fn lane(row: i64, eight: i64, column: i64) -> u32 {
        (4 * eight + 2 * row + column) as u32
    }

    /// Row and column, beside those of its warp, of the elements that thread `thread` of a warp holds.
    pub fn places(self, thread: i64) -> impl Iterator<Item = (i64, i64)> {
        let of = move |lane: i64| (thread / 4 + lane / 2 % 2 * 8, lane / 4 * 8 + thread % 4 * 2 + lane % 2);
        (0..i64::from(self.columns) / 2).map(of)
    }

    /// How many elements behind its beginning a factor has that of a row (or column) `along` and a step of the sum.
    pub fn place(self, which: usize, along: i64, step: i64) -> i64 {
        let bytes = self.fragment.factor().bytes() as i64;
        let row = ROW as i64 / bytes;
        match self.factors[which] {
            Rows::Along => along * row + step,
            Rows::Across(apart) => along / row * (i64::from(apart) / bytes) + step * row + along % row,
        }
    }

    /// How many elements behind a multiple of [`SWIZZLED`] bytes a factor may begin: steps before it may take up a part of a row.
    pub fn room(self, which: usize) -> i64 {
        match self.factors[which] {
            Rows::Along => (ROW / self.fragment.factor().bytes()) as i64 - self.steps(),
            Rows::Across(_) => 0,
        }
    }

    /// Whether the units have it. They read elements of 4 bytes along the sum only.
    pub fn is_possible(self) -> bool {
        let [least, most] = Group::COLUMNS;
        let is_wide = self.fragment.factor().bytes() > 2;
        let can_read = |rows: &Rows| match rows {
            Rows::Along => true,
            Rows::Across(apart) => !is_wide && apart.is_multiple_of(SWIZZLED as u32),
        };
        let columns = i64::from(self.columns);
        (least..=most).contains(&columns) && columns % 8 == 0 && self.factors.iter().all(can_read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_hold_every_element_once() {
        let group = Group { fragment: Fragment::BF16, columns: 40, factors: [Rows::Along; 2] };
        let of =
            |warp: i64| (0..32).flat_map(move |t| group.places(t).map(move |(row, column)| (16 * warp + row, column)));
        let mut all: Vec<_> = (0..Group::WARPS).flat_map(of).collect();
        all.sort_unstable();
        let expected: Vec<_> = (0..Group::ROWS).flat_map(|row| (0..40).map(move |column| (row, column))).collect();
        assert_eq!(all, expected);
        let held: Vec<_> = group.places(6).collect();
        assert_eq!(held[Group::lane(1, 3, 1) as usize], (9, 29));
        assert_eq!(held.len(), group.held().lanes as usize);
    }

    #[test]
    fn panels_across_the_sum_hold_every_element_once() {
        let steps = 64;
        let apart = (steps * ROW) as u32;
        let group = Group { fragment: Fragment::F16, columns: 256, factors: [Rows::Along, Rows::Across(apart)] };
        let of = |along: i64| (0..steps as i64).map(move |step| group.place(1, along, step));
        let mut all: Vec<_> = (0..256).flat_map(of).collect();
        all.sort_unstable();
        assert_eq!(all, (0..256 * steps as i64).collect::<Vec<_>>());
        assert_eq!(group.place(0, 3, 5), 3 * 64 + 5);
        assert!(group.is_possible() && !Group { columns: 264, ..group }.is_possible());
        assert!(!Group { fragment: Fragment::TF32, ..group }.is_possible());
        assert!(!Group { factors: [Rows::Along, Rows::Across(apart + 128)], ..group }.is_possible());
    }
}
