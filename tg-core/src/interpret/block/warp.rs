//! What the threads of a warp do together: SHUFFLE, WMMA and LOAD_MATRIX.
//!
//! Matrices are put together from what the threads hold, as `ir/fragment.rs` says, and multiplied as in school, in f64
//! and rounded once. Of factors of tf32 the lower 13 bits of the fraction are cut off: what the hardware does with them is
//! not specified, so that comparisons need a tolerance of 2⁻¹⁰ of each factor, unless ROUND_TF32 has made it.

use std::ops::Range;

use super::{Block, WARP};
use crate::dtype::DType;
use crate::interpret::Error;
use crate::interpret::point::Cell;
use crate::ir::{Arg, Fragment, Op, Uop, Value, cast};

impl<'g> Block<'_, 'g, '_> {
    /// Runs `node` for the threads `warp`, all of which are at it.
    pub(super) fn exchange(&mut self, node: Uop<'g>, warp: Range<usize>) -> Result<(), Error> {
        let results = match (node.op(), node.arg()) {
            (Op::Shuffle, Arg::Slot(bits)) => self.shuffle(node, &warp, *bits as usize)?,
            (Op::Wmma, Arg::Fragment(fragment)) => self.product(node, &warp, *fragment)?,
            (Op::LoadMatrix, Arg::Matrices(count, by_columns)) => {
                self.matrices(node, &warp, *count as usize, *by_columns)?
            }
            _ => return Err(Error::at(node, "its argument is none of this operation")),
        };
        for (thread, lanes) in warp.zip(results) {
            self.threads[thread].machine.set(node, Cell::Lanes(lanes));
        }
        Ok(())
    }

    /// Source `i` of `node` in each thread.
    fn operands(&self, node: Uop<'g>, warp: &Range<usize>, i: usize) -> Result<Vec<Vec<Value>>, Error> {
        let of = |thread: &super::Running<'_, 'g>| Ok(thread.machine.source(node, i)?.lanes(node)?.to_vec());
        self.threads[warp.clone()].iter().map(of).collect()
    }

    fn shuffle(&self, node: Uop<'g>, warp: &Range<usize>, bits: usize) -> Result<Vec<Vec<Value>>, Error> {
        let all = self.operands(node, warp, 0)?;
        let absent = |lane: usize| Error::at(node, format!("reads from thread {lane} of the warp, which is not there"));
        (0..all.len()).map(|lane| all.get(lane ^ bits).cloned().ok_or_else(|| absent(lane ^ bits))).collect()
    }

    /// Every 8 threads give the addresses of the rows of a matrix. Each thread reads what it then holds.
    fn matrices(
        &mut self,
        node: Uop<'g>,
        warp: &Range<usize>,
        count: usize,
        by_columns: bool,
    ) -> Result<Vec<Vec<Value>>, Error> {
        if warp.len() != WARP {
            return Err(Error::at(node, format!("its warp has {} threads, not {WARP}", warp.len())));
        }
        let (mut results, bytes) = (vec![], node.dtype().element().bytes());
        for thread in warp.clone() {
            let held = held_of_rows(thread - warp.start, bytes, by_columns);
            let places = (0..count).flat_map(|m| held.iter().map(move |at| (m, *at)));
            let read =
                places.map(|(m, (row, column))| self.row_element(node, thread, warp.start + 8 * m + row, column));
            results.push(read.collect::<Result<_, _>>()?);
        }
        Ok(results)
    }

    /// Element `column` of the row whose address `giver` has, read by `thread`.
    fn row_element(&mut self, node: Uop<'g>, thread: usize, giver: usize, column: usize) -> Result<Value, Error> {
        let place = self.threads[giver].machine.source(node, 0)?.place(node)?.clone();
        self.watch_element(node.src(0), (node, thread), &place, column)?;
        self.memory.read(node.src(0), &place, column)
    }

    fn product(&self, node: Uop<'g>, warp: &Range<usize>, fragment: Fragment) -> Result<Vec<Vec<Value>>, Error> {
        if warp.len() != WARP {
            return Err(Error::at(node, format!("its warp has {} threads, not {WARP}", warp.len())));
        }
        let [m, n, k] = fragment.shape().map(|size| size as usize);
        let matrix = |i: usize, columns: usize| Ok(gather(&self.operands(node, warp, i)?, fragment, i, columns));
        let (a, b, mut c) = (matrix(0, k)?, matrix(1, k)?, matrix(2, n)?);
        let factor = |v: f64| factor(fragment, v);
        for (at, sum) in c.iter_mut().enumerate().take(m * n) {
            let (row, column) = (at / n, at % n);
            *sum += (0..k).map(|x| factor(a[row * k + x]) * factor(b[column * k + x])).sum::<f64>();
        }
        let spread = places(fragment, 2, n);
        let of = |places: &Vec<usize>| places.iter().map(|at| cast(Value::Float(c[*at]), DType::F32)).collect();
        Ok(spread.iter().map(of).collect())
    }
}

/// The row and column of the elements of `bytes` bytes in the 4 bytes that a thread holds of 8 rows of 16 bytes.
fn held_of_rows(thread: usize, bytes: usize, by_columns: bool) -> Vec<(usize, usize)> {
    let (row, each) = (thread / 4, 4 / bytes);
    let places = (0..each).map(|i| (row, thread % 4 * each + i));
    places.map(|(row, column)| if by_columns { (column, row) } else { (row, column) }).collect()
}

/// For each thread of a warp, the places of what it holds of matrix `which` in rows of `columns` elements.
fn places(fragment: Fragment, which: usize, columns: usize) -> Vec<Vec<usize>> {
    let held = fragment.held()[which];
    let of = |thread: usize| {
        let place = |(row, column): &(i64, i64)| {
            let (row, column) = ((thread / 4) as i64 + row, (thread % 4) as i64 * held.step + column);
            row as usize * columns + column as usize
        };
        held.places.iter().map(place).collect()
    };
    (0..WARP).map(of).collect()
}

/// The matrix whose elements the threads hold, by rows.
fn gather(lanes: &[Vec<Value>], fragment: Fragment, which: usize, columns: usize) -> Vec<f64> {
    let places = places(fragment, which, columns);
    let mut matrix = vec![f64::NAN; places.iter().flatten().count()];
    for (place, value) in places.iter().flatten().zip(lanes.iter().flatten()) {
        matrix[*place] = value.to_f64();
    }
    matrix
}

/// What the units take of an element of a factor.
pub(super) fn factor(fragment: Fragment, value: f64) -> f64 {
    if fragment == Fragment::TF32 { cut(value) } else { value }
}

/// The upper 10 bits of the fraction.
fn cut(value: f64) -> f64 {
    f32::from_bits((value as f32).to_bits() & !0x1fff).into()
}
