//! A large operand that few results share is read in the order of its memory: some of its rows at a time, from end to end or
//! in a thread's share of their pieces, and the results are added up in scratch memory. What such a product takes is the time
//! to read the operand.

use super::accesses::{Accesses, Choice, held};
use super::contraction::{READERS, THREADS, lies_far};
use super::{Plan, blocks, is_reduce, size};
use crate::ir::Uop;
use crate::optimize::action::Action;

/// Bytes of a line of a cache.
const LINE: i64 = 64;
/// Most rows that are read together, for which sums are loaded and stored once; half of them pay for several results, too.
const ROWS: i64 = 16;
/// Most bytes of sums that are kept for all pieces of a share, in the second-level cache.
const SUMS: i64 = 256 << 10;
/// Bytes of a piece of a row, from which prefetching works.
const PIECE: i64 = 4 << 10;

impl<'g> Plan<'g, '_> {
    /// Runs the reduction `k` outside of the results in a share of the rows, or a piece of them, if that is worth it.
    pub(super) fn sweep(&mut self, k: Uop<'g>, chain: &[Uop<'g>], accesses: &Accesses<'g>, choice: Choice<'g>) -> bool {
        let Some((operand, rows)) = sharing(k, chain, accesses, choice.axis) else { return false };
        let vector = choice.lanes * operand.dtype().pointee().bytes() as i64;
        let around = chain.iter().filter(|r| !is_reduce(**r) && **r != choice.axis && !rows.contains(r));
        let around: Vec<_> = around.copied().collect();
        let results = rows.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
        for row in rows {
            self.unroll(Some(row), size(row) as u32);
        }
        let rows = together(vector, results).min(held(operand, k, self.isa.cache_ways() as i64));
        let k = self.unroll(Some(k), rows as u32);
        let Some(vectors) = self.vectorize(choice.axis, choice.lanes as u32, 1) else { return true };
        let sums = vectors.src(0).vmax().saturating_mul((vector * results).into());
        let Some(piece) = self.outermost(vectors, pieces(size(vectors), vector)).0 else { return true };
        for range in &around {
            self.outermost(*range, 1);
        }
        self.add_up(k, piece, around.is_empty() && sums <= SUMS.into());
        true
    }

    /// Adds up what `k` combines outside of the loop inside `pieces`, or, if the threads `share` those, of all of a share: each of
    /// its rows is then read from end to end.
    fn add_up(&mut self, k: Option<Uop<'g>>, pieces: Uop<'g>, share: bool) {
        let Some(at) = self.place(pieces) else { return };
        if share {
            self.act(Action::Parallel { axis: at });
        }
        if let Some(axis) = k.and_then(|k| self.place(k)) {
            self.act(Action::Accumulate { axis, size: 1, at });
        }
    }
}

/// The address of an operand that lies far apart along `k`, and the loops whose results share it, if `k` is the whole
/// reduction and they are few.
fn sharing<'g>(
    k: Uop<'g>,
    chain: &[Uop<'g>],
    accesses: &Accesses<'g>,
    axis: Uop<'g>,
) -> Option<(Uop<'g>, Vec<Uop<'g>>)> {
    let mut moving = accesses.loads.iter().copied().filter(|load| load.depends_on(axis));
    let large = moving.next().filter(|load| moving.next().is_none() && lies_far(*load, k))?;
    let alone = is_reduce(k) && !is_reduce(axis) && chain.iter().filter(|r| is_reduce(**r)).count() == 1;
    let rows: Vec<_> = chain.iter().copied().filter(|r| !is_reduce(*r) && !large.depends_on(*r)).collect();
    let readers = rows.iter().map(|r| size(*r)).fold(1, i64::saturating_mul);
    (alone && readers < READERS && size(k) > ROWS).then_some((large, rows))
}

/// How many of `vectors` vectors of `bytes` bytes make a piece: enough to be long, and such that threads get equal shares.
fn pieces(vectors: i64, bytes: i64) -> i64 {
    let most = THREADS.into_iter().rev().find(|n| vectors / n * bytes >= PIECE);
    blocks(vectors, most.unwrap_or(1).max(2))
}

/// How many rows are read together for so many `results`, in vectors of `bytes` bytes: of those that are a part of a line, a cache
/// may lose the line before the rest is read.
fn together(bytes: i64, results: i64) -> i64 {
    if bytes >= LINE && results == 1 { ROWS } else { ROWS / 2 }
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for so many rows of results, of a matrix of 1024 rows of so many columns.
    fn of_product(rows: i64, columns: i64) -> String {
        let g = Graph::new();
        let [i, j] = [rows, columns].map(|n| g.range(g.index(n), Axis::Loop));
        let k = g.range(g.index(1024), Axis::Reduce);
        let load = |slot, place| g.global(DType::F32, slot).element(place, None).load();
        let sum = (load(0, i * 1024 + k) * load(1, k * columns + j)).reduce(Op::Add, &[k]);
        let kernel = g.sink(&[g.global(DType::F32, 2).element(i * columns + j, None).store(sum, &[i, j])]);
        heuristic(kernel, Isa::X86V4, &mut Simplifier::default()).0.to_string()
    }

    #[test]
    fn as_many_rows_are_read_together_as_a_cache_holds_lines_of() {
        let begins = |rows, columns, with: &str| {
            let found = of_product(rows, columns);
            assert!(found.starts_with(with) && found.contains("accumulate"), "{found}");
        };
        begins(1, 1040, "unroll(2,16)");
        begins(1, 1024, "unroll(2,8)");
        begins(4, 1024, "unroll(0,4) unroll(2,8)");
    }
}
