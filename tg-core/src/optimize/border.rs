//! Borders: an operand that is zero where its indices leave a tensor is copied into scratch memory with these zeros
//! around it, and read from there without conditions.
//!
//! Before: `for y { for k { … 0 <= y+k-1 < n ? x[y+k-1] : 0 … } }`. After: `l[0..n+2] = 0; l[1..n+1] = x; for y { for k {
//! … l[y+k] … } }`. The coordinate `y+k` is found from the condition, so that an element is copied once, however often
//! it is read.

use super::layout::{Layout, is_shared, scratch};
use crate::ir::{Arg, Axis, Graph, Uop};
use crate::loops::Nest;
use crate::symbolic::{Simplifier, Sum, Term, known_bounds};

/// Most bytes of a copy: a part of the second-level cache, for each thread.
const MOST_BYTES: i128 = 1 << 20;

/// One direction in which the operand is read.
struct Coordinate<'g> {
    /// What the index moves with: a range, or a sum of ranges that conditions are about.
    form: Sum<'g>,
    /// Elements that the address moves by one step.
    step: i128,
    /// Smallest and largest value while the loops run.
    all: (i128, i128),
    /// Smallest and largest value at which there is an element.
    valid: (i128, i128),
}

impl Coordinate<'_> {
    fn size(&self) -> i128 {
        self.all.1 - self.all.0 + 1
    }
}

/// `kernel` with what `load` reads copied first, its border included; `None` if its conditions are not about sums of
/// loop counters that also make up its address.
pub(super) fn border<'g>(kernel: Uop<'g>, load: Uop<'g>, simplifier: &mut Simplifier<'g>) -> Option<Uop<'g>> {
    let (graph, index) = (kernel.graph(), load.src(0));
    let (directions, outside) = directions(kernel, index)?;
    let inside: Vec<Uop<'g>> = directions.iter().flat_map(|d| d.form.atoms()).collect();
    if is_shared(load, &inside) || load.src(1).as_const().is_none() {
        return None;
    }
    let sizes: Vec<i128> = directions.iter().map(Coordinate::size).collect();
    let layout = Layout::of(&sizes, load.dtype().bytes())?;
    if layout.elements * load.dtype().bytes() as i128 > MOST_BYTES {
        return None;
    }
    let pointer = scratch(kernel, load, layout.elements);
    let every = graph.range(graph.index(layout.elements as i64), Axis::Loop);
    let zeros = pointer.element(every, None).store(load.src(1), &[every]);
    let loops: Vec<Uop<'g>> = directions.iter().map(|d| valid_loop(graph, d)).collect();
    let at = |d: &Coordinate, i: Uop<'g>| i + graph.index((d.valid.0 - d.all.0) as i64);
    let there: Vec<_> = directions.iter().zip(&loops).map(|(d, i)| at(d, *i)).collect();
    let source = directions
        .iter()
        .zip(&loops)
        .fold(outside.build(graph), |sum, (d, i)| sum + (*i + graph.index(d.valid.0 as i64)) * d.step);
    let ranges: Vec<_> = loops.iter().copied().filter(|i| i.as_int().is_none()).collect();
    let copy = index.src(0).element(source, None).load();
    let store = pointer.after(zeros).element(layout.place(&there), None).store(copy, &ranges);
    let here: Vec<_> = directions.iter().map(|d| d.form.build(graph) - graph.index(d.all.0 as i64)).collect();
    let read = pointer.after(store).element(layout.place(&here), None).load();
    Some(simplifier.simplify(kernel.replace(load, read)))
}

fn valid_loop<'g>(graph: &'g Graph, direction: &Coordinate) -> Uop<'g> {
    match direction.valid.1 - direction.valid.0 + 1 {
        1 => graph.index(0),
        size => graph.range(graph.index(size as i64), Axis::Loop),
    }
}

/// The directions in which the guarded `index` moves inside the loops that its conditions are about, the longest steps
/// first, and the part of the address that comes from the loops around.
fn directions<'g>(kernel: Uop<'g>, index: Uop<'g>) -> Option<(Vec<Coordinate<'g>>, Sum<'g>)> {
    let nest = Nest::new(kernel);
    let mut rest = Sum::of(index.src(1))?;
    let mut directions = vec![];
    for (form, low, high) in known_bounds(index.srcs().nth(2)?)? {
        let step = step_along(&rest, &form)?;
        rest = rest.plus(&form, &constant(-step))?;
        let all = form.bounds()?;
        let valid = (low.unwrap_or(all.0).max(all.0), high.unwrap_or(all.1).min(all.1));
        directions.push(Coordinate { form, step, all, valid });
    }
    let guarded: Vec<Uop<'g>> = directions.iter().flat_map(|d| d.form.atoms()).collect();
    let depth = guarded.iter().map(|r| nest.depth(*r)).min()?;
    let mut outside = Sum::default();
    for term in std::mem::take(&mut rest.terms) {
        match term.factors[..] {
            [range] if guarded.contains(&range) => return None,
            [range] if matches!(range.arg(), Arg::Range(..)) && nest.depth(range) >= depth => {
                let form = Sum::atom(range);
                let all = form.bounds()?;
                directions.push(Coordinate { form, step: term.coefficient, all, valid: all });
            }
            _ => outside.add_term(term)?,
        }
    }
    directions.sort_by_key(|d| std::cmp::Reverse(d.step.abs()));
    let is_known = |r: &Uop<'g>| matches!(r.arg(), Arg::Range(..)) && r.src(0).as_int().is_some();
    let usable = |d: &Coordinate<'g>| d.valid.0 <= d.valid.1 && d.form.atoms().iter().all(is_known);
    directions.iter().all(usable).then_some((directions, outside))
}

/// How much `address` moves with one step of `form`, if it moves evenly with all of it.
fn step_along(address: &Sum, form: &Sum) -> Option<i128> {
    let mut steps = form.terms.iter().map(|term| {
        let own = address.terms.iter().find(|t| t.factors == term.factors)?;
        (own.coefficient % term.coefficient == 0).then(|| own.coefficient / term.coefficient)
    });
    let first = steps.next()??;
    steps.all(|step| step == Some(first)).then_some(first)
}

fn constant<'g>(value: i128) -> Term<'g> {
    Term { factors: vec![], coefficient: value }
}
