//! Short sums of elements times numbers of a table, such as the transforms of a convolution by Winograd: all results of the
//! table are computed together, of elements that are loaded once, each from one place of one or more tensors. Lanes run along a
//! loop that the table does not know.
//!
//! Such sums exchange axes as a rule: what lanes have is in order in what is read or in what is stored, and in the other lies
//! apart. There neighbours are written out, which are put in order by shuffles.

use super::accesses::Accesses;
use super::{Plan, SHORT, blocks, is_fresh, is_reduce, size};
use crate::ir::{Op, Uop};
use crate::loops::stride;

/// Neighbours that are enough: with more, more places of memory are stored to at once.
const ENOUGH: i64 = 4;

/// The loops of such a sum.
struct Tabulated<'g> {
    /// Over results of the table.
    rows: Uop<'g>,
    lanes: Uop<'g>,
    /// Loops of which neighbours are written out, and how many.
    neighbours: Vec<(Uop<'g>, i64)>,
}

impl<'g> Plan<'g, '_> {
    /// Shapes the sum of the loop `leaf`, around which `chain` stands, if a table has its factors; returns whether it has.
    pub(super) fn tabulated(&mut self, leaf: Uop<'g>, chain: &[Uop<'g>], accesses: &Accesses<'g>) -> bool {
        let width = self.isa.vector_bytes() as i64 / accesses.widest();
        let Some(Tabulated { rows, lanes, neighbours }) = self.table(leaf, chain, (accesses, width)) else {
            return false;
        };
        // What is written out is shared by no threads.
        let is_beside = |r: &&Uop<'g>| ![leaf, rows, lanes].contains(r) && neighbours.iter().all(|(n, _)| n != *r);
        if let Some(outer) = chain.iter().rev().find(is_beside).filter(|_| chain.last() == Some(&rows)) {
            self.outermost(*outer, 1);
        }
        self.vectorize(lanes, width as u32, 1);
        for range in [leaf, rows] {
            self.unroll(Some(range), size(range) as u32);
        }
        for (range, by) in neighbours {
            self.unroll(Some(range), by as u32);
        }
        true
    }

    fn table(
        &self,
        leaf: Uop<'g>,
        chain: &[Uop<'g>],
        (accesses, width): (&Accesses<'g>, i64),
    ) -> Option<Tabulated<'g>> {
        let (&[load, ref others @ ..], &[store]) = (&accesses.loads[..], &accesses.stores[..]) else { return None };
        if others.iter().any(|other| other.src(1) != load.src(1)) {
            return None;
        }
        let results: Vec<_> = chain.iter().copied().filter(|r| !is_reduce(*r) && is_fresh(r)).collect();
        let is_one_sum = accesses.reductions() == 1 && results.len() + 1 == chain.len();
        let is_short = |r: &Uop<'g>| r.src(0).as_int().is_some_and(|n| n <= SHORT.into());
        let rows = rows(self.kernel, leaf, &results).filter(|rows| is_one_sum && [leaf, *rows].iter().all(is_short))?;
        let by_one = |address: Uop<'g>| {
            let is_along = |r: &Uop<'g>| *r != rows && size(*r) >= width && stride(address.src(1), *r) == Some(1);
            results.iter().copied().find(is_along)
        };
        // Lanes are in order in what is read, or else in what is stored; the others are put in order.
        let (lanes, apart, own) = match by_one(load) {
            Some(lanes) => (lanes, store, rows),
            None => (by_one(store)?, load, leaf),
        };
        let others = results.iter().copied().filter(|r| *r != lanes && *r != rows).collect();
        let neighbours = match stride(apart.src(1), lanes) {
            Some(1) => vec![],
            _ => neighbours(apart, own, others),
        };
        Some(Tabulated { rows, lanes, neighbours })
    }
}

/// The loop over results that a table is about, which the sum of `leaf` has its factors from.
fn rows<'g>(kernel: Uop<'g>, leaf: Uop<'g>, results: &[Uop<'g>]) -> Option<Uop<'g>> {
    let is_of_places = |n: &Uop<'g>| n.depends_on(leaf) && n.toposort().iter().all(|n| n.op() != Op::Load);
    let choices = kernel.toposort().into_iter().filter(|n| n.op() == Op::Where).map(|choice| choice.src(0));
    let mut about =
        choices.filter(is_of_places).flat_map(|place| results.iter().filter(move |r| place.depends_on(**r)));
    let rows = *about.next()?;
    about.all(|other| *other == rows).then_some(rows)
}

/// Which of the loops `others`, and how many iterations of each, move through `address` such that, with all of `own`,
/// [`ENOUGH`] elements lie side by side.
fn neighbours<'g>(address: Uop<'g>, own: Uop<'g>, mut others: Vec<Uop<'g>>) -> Vec<(Uop<'g>, i64)> {
    let step = |r: Uop<'g>| stride(address.src(1), r).unwrap_or(0);
    let (mut reach, mut found) = (if step(own) == 1 { size(own) } else { 1 }, vec![]);
    while reach < ENOUGH {
        let next = others.iter().position(|r| (1..=reach).contains(&step(*r)));
        let Some(range) = next.map(|at| others.remove(at)) else { break };
        let by = blocks(ENOUGH - reach, step(range)) + 1;
        let by = if 2 * by > size(range) { size(range) } else { by };
        found.push((range, by));
        reach += step(range) * (by - 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::heuristic;
    use crate::dtype::DType;
    use crate::ir::{Axis, Graph, Op};
    use crate::symbolic::Simplifier;
    use crate::target::Isa;

    /// The actions for `y[n, p, t, c] = Σ_q table[p, q] x[n, c, 2 t + q]`, of 32 channels, or with the axes of both exchanged; `x` is
    /// multiplied with what `apart` elements on there is in another tensor, if it is to be.
    fn of_table(is_exchanged: bool, apart: Option<i64>) -> String {
        let g = Graph::new();
        let [n, p, t, c] = [64, 4, 10, 32].map(|size| g.range(g.index(size), Axis::Loop));
        let q = g.range(g.index(4), Axis::Reduce);
        let place = p * 4 + q;
        let number = |x: f64| g.constant(DType::F32, x);
        let table = (0..16).fold(number(0.0), |rest, at| place.equals(at).choose(number(at as f64), rest));
        let (read, stored) = match is_exchanged {
            false => ((n * 32 + c) * 22 + t * 2 + q, ((n * 4 + p) * 10 + t) * 32 + c),
            true => (((n * 4 + q) * 10 + t) * 32 + c, ((n * 32 + c) * 10 + t) * 4 + p),
        };
        let x = g.global(DType::F32, 0).element(read, None).load();
        let x = apart.map_or(x, |apart| x * g.global(DType::F32, 2).element(read + apart, None).load());
        let sum = (table * x).reduce(Op::Add, &[q]);
        let order = if is_exchanged { [n, c, t, p] } else { [n, p, t, c] };
        let kernel = g.sink(&[g.global(DType::F32, 1).element(stored, None).store(sum, &order)]);
        let mut simplifier = Simplifier::default();
        heuristic(simplifier.simplify(kernel), Isa::X86V4, &mut simplifier).0.to_string()
    }

    #[test]
    fn lanes_run_along_what_the_table_does_not_know() {
        assert_eq!(of_table(false, None), "vectorize(3,16) unroll(5,4) unroll(1,4) parallel(0)");
        assert_eq!(of_table(true, None), "vectorize(1,16) unroll(5,4) unroll(4,4) parallel(0)");
    }

    #[test]
    fn the_same_elements_of_several_tensors_are_like_those_of_one() {
        assert_eq!(of_table(false, Some(0)), of_table(false, None));
        assert_ne!(of_table(false, Some(1)), of_table(false, None));
    }
}
