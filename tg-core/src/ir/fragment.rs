//! Matrix products of a warp, as data: which elements of its matrices each of its 32 threads holds.
//!
//! The thread `4*h + l` of a warp (`h < 8`, `l < 4`) holds of every matrix some elements in the rows that begin with `h` and
//! the columns that begin with `l`: element `e` is in row `h + places[e].0` and column `l*step + places[e].1`. Rows and
//! columns are m and k of the left factor, n and k of the right one, m and n of the result. Source: PTX ISA, "Matrix
//! fragments for mma". Also which values in a graph are such factors.

use crate::dtype::DType;
use crate::ir::{Op, Uop};

/// The part of a matrix that a thread of a warp holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many columns are between those of neighbouring threads.
    pub step: i64,
    /// Row and column of each element, beside those of the thread.
    pub places: &'static [(i64, i64)],
}

/// The shape of a product and the type of its factors; the result is f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fragment {
    /// 16 × 8 × 16 of f16.
    F16,
    /// 16 × 8 × 16 of bf16.
    BF16,
    /// 16 × 8 × 8 of f32, of whose fractions the upper 10 bits count.
    TF32,
}

impl Fragment {
    /// Every shape.
    pub const ALL: &'static [Fragment] = &[Fragment::F16, Fragment::BF16, Fragment::TF32];

    /// The name in text form, and in PTX.
    pub fn name(self) -> &'static str {
        match self {
            Fragment::F16 => "f16",
            Fragment::BF16 => "bf16",
            Fragment::TF32 => "tf32",
        }
    }

    /// m, n and k of the product.
    pub fn shape(self) -> [i64; 3] {
        match self {
            Fragment::F16 | Fragment::BF16 => [16, 8, 16],
            Fragment::TF32 => [16, 8, 8],
        }
    }

    /// The type of a factor's element.
    pub fn factor(self) -> DType {
        match self {
            Fragment::F16 => DType::F16,
            Fragment::BF16 => DType::BF16,
            Fragment::TF32 => DType::F32,
        }
    }

    /// Which of them multiplies `factor` without loss, and what its elements are made of: a narrow type converted to f32, or
    /// an f32 that is rounded, or cut as the units do.
    pub fn of<'g>(factor: Uop<'g>) -> Option<(Fragment, Uop<'g>)> {
        let source = || factor.src(0);
        let fragment = match factor.op() {
            Op::RoundTf32 | Op::CutTf32 => Fragment::TF32,
            Op::Cast if factor.dtype() == DType::F32 && source().dtype() == DType::F16 => Fragment::F16,
            Op::Cast if factor.dtype() == DType::F32 && source().dtype() == DType::BF16 => Fragment::BF16,
            _ => return None,
        };
        Some((fragment, source()))
    }

    /// What a thread holds of the left factor, the right factor and the result.
    pub fn held(self) -> [Held; 3] {
        const RESULT: Held = Held { step: 2, places: &[(0, 0), (0, 1), (8, 0), (8, 1)] };
        const LEFT: Held = Held { step: 2, places: &[(0, 0), (0, 1), (8, 0), (8, 1), (0, 8), (0, 9), (8, 8), (8, 9)] };
        const RIGHT: Held = Held { step: 2, places: &[(0, 0), (0, 1), (0, 8), (0, 9)] };
        match self {
            Fragment::F16 | Fragment::BF16 => [LEFT, RIGHT, RESULT],
            Fragment::TF32 => {
                let left = Held { step: 1, places: &[(0, 0), (8, 0), (0, 4), (8, 4)] };
                [left, Held { step: 1, places: &[(0, 0), (0, 4)] }, RESULT]
            }
        }
    }

    /// The types of what a thread holds of each of the three.
    pub fn dtypes(self) -> [DType; 3] {
        let [left, right, result] = self.held().map(|held| held.places.len() as u16);
        [self.factor().vec(left), self.factor().vec(right), DType::F32.vec(result)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_hold_every_element_once() {
        for fragment in Fragment::ALL {
            let [m, n, k] = fragment.shape();
            for (held, (rows, columns)) in fragment.held().into_iter().zip([(m, k), (n, k), (m, n)]) {
                let of = |h, l| held.places.iter().map(move |(row, column)| (h + row, l * held.step + column));
                let mut all: Vec<_> = (0..8).flat_map(|h| (0..4).flat_map(move |l| of(h, l))).collect();
                all.sort_unstable();
                let expected: Vec<_> =
                    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).collect();
                assert_eq!(all, expected, "{fragment:?}");
            }
        }
    }
}
