//! Borders: an operand that is zero where its indices leave a tensor is copied into scratch memory with these zeros
//! around it, and read from there without conditions.
//!
//! Before: `for y { for k { … 0 <= y+k-1 < n ? x[y+k-1] : 0 … } }`. After: `l[0..n+2] = 0; l[1..n+1] = x; for y { for k {
//! … l[y+k] … } }`. The coordinate `y+k` is found from the condition, so that an element is copied once, however often
//! it is read.
//!
//! Loops around the first one that the operand does not move with stay around the copy: with rows in bands, `for b { for
//! o { for y { … x[b*8 + y + k - 1] … } } }`, a band is copied for all of `o`, and rows that the picture does not have
//! are zeros.
//!
//! Where neighbouring results read elements some steps apart, these are neighbours in the copy.

use super::layout::{Layout, is_shared, scratch};
use super::trim::is_zero;
use crate::ir::{Arg, Axis, Graph, Op, Uop};
use crate::loops::Nest;
use crate::symbolic::{Simplifier, Sum, Term, known_bounds};

/// Most bytes of a copy: a part of the second-level cache, for each thread.
pub(super) const MOST_BYTES: i128 = 1 << 20;
/// Most pairs of a result and a tap that are looked at to tell how many are zeros.
const MOST_VALUES: usize = 1 << 14;

/// What becomes of the condition that a row is one of the tensor's.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rows {
    /// Nothing: zeros around it are read.
    Read,
    /// It chooses between what is read and zero.
    Chosen,
}

/// One direction in which the operand is read.
struct Coordinate<'g> {
    /// What the index moves with inside the copy: a range, or a sum of ranges that conditions are about.
    form: Sum<'g>,
    /// What loops around the copy add to that.
    base: Sum<'g>,
    /// Elements that the address moves by one step.
    step: i128,
    /// Smallest and largest value of the form while the loops run.
    all: (i128, i128),
    /// Smallest and largest value, with the base, at which there is an element.
    valid: (Option<i128>, Option<i128>),
    /// The step of the loop over results, if neighbouring results read elements that far apart: the copy then has elements
    /// 0, n, 2n … first, then 1, n+1, 2n+1 …, so that neighbours read neighbours. Else 1.
    stride: i128,
}

impl<'g> Coordinate<'g> {
    /// A range that no condition is about.
    fn free(range: Uop<'g>, step: i128) -> Option<Coordinate<'g>> {
        let form = Sum::atom(range);
        let all = form.bounds()?;
        Some(Coordinate { form, base: Sum::default(), step, all, valid: (None, None), stride: 1 })
    }

    fn size(&self) -> i128 {
        self.all.1 - self.all.0 + 1
    }

    /// Smallest and largest value of the form that are copied: those of the elements, if the same for all loops around.
    fn copied(&self) -> (i128, i128) {
        match self.base.terms.is_empty() {
            true => {
                (self.all.0.max(self.valid.0.unwrap_or(i128::MIN)), self.all.1.min(self.valid.1.unwrap_or(i128::MAX)))
            }
            false => self.all,
        }
    }

    fn has_border(&self) -> bool {
        self.copied() != self.all
    }

    /// The same, with neighbours apart where a loop over results steps over some, if whole steps are copied.
    fn in_strides(self) -> Coordinate<'g> {
        let stride = self.form.terms.iter().filter(is_loop).map(|t| t.coefficient).max().filter(|s| *s > 1);
        let (first, last) = self.copied();
        let stride = stride.filter(|s| self.step == 1 && (last - first + 1) % s == 0).unwrap_or(1);
        Coordinate { stride, ..self }
    }

    /// Elements in the copy.
    fn room(&self) -> i128 {
        (self.size() + self.stride - 1) / self.stride * self.stride
    }

    /// Where in the copy the element at `value` is.
    fn place(&self, value: Uop<'g>) -> Uop<'g> {
        let (at, stride) = (value - value.graph().index(self.all.0 as i64), self.stride as i64);
        if stride == 1 { at } else { at % stride * (self.room() as i64 / stride) + at / stride }
    }

    /// A loop over what is copied, or two, of which the inner one steps.
    fn counter(&self, graph: &'g Graph) -> Uop<'g> {
        let (first, last) = self.copied();
        let count = |size: i128| match size {
            1 => graph.index(0),
            _ => graph.range(graph.index(size as i64), Axis::Loop),
        };
        let within = if self.stride > 1 { count(self.stride) } else { graph.index(0) };
        let whole = count((last - first + 1) / self.stride);
        whole * self.stride as i64 + within + graph.index(first as i64)
    }

    /// What has to hold for an element to be at `value`.
    fn limits(&self, value: Uop<'g>) -> impl Iterator<Item = Uop<'g>> + use<'g> {
        let bound = move |bound: i128| value.graph().index(bound as i64);
        let (low, high) = self.valid;
        let limits = [low.map(|low| value.ge(bound(low))), high.map(|high| value.lt(bound(high + 1)))];
        limits.into_iter().flatten()
    }

    /// Whether there is an element at `value`, where that depends on the loops around.
    fn conditions(&self, value: Uop<'g>) -> Vec<Uop<'g>> {
        self.limits(value).filter(|_| !self.base.terms.is_empty()).collect()
    }

    /// Which share of all values, each as often as loops make it, is where there is no element; `None` if these are too many.
    fn share_of_zeros(&self) -> Option<f64> {
        let values = values(self.form.terms.iter().chain(&self.base.terms))?;
        let is_zero = |v: &&i128| self.is_outside(**v, **v);
        Some(values.iter().filter(is_zero).count() as f64 / values.len() as f64)
    }

    /// How many results there are along it, and how many of these need something where there is no element.
    fn edges(&self) -> Option<[usize; 2]> {
        let (results, others): (Vec<_>, Vec<_>) = self.form.terms.iter().partition(is_loop);
        let (low, high) = Sum { terms: others.into_iter().cloned().collect() }.bounds()?;
        let values = values(results.into_iter().chain(&self.base.terms))?;
        let is_edge = |v: &&i128| self.is_outside(**v + low, **v + high);
        Some([values.len(), values.iter().filter(is_edge).count()])
    }

    /// How many elements along it a result needs, and those between.
    fn taps(&self) -> i128 {
        let span = |t: &Term<'g>| t.coefficient.abs() * t.factors.iter().map(|f| f.vmax()).product::<i128>();
        self.form.terms.iter().filter(|t| !is_loop(t)).map(span).sum::<i128>() + 1
    }

    /// Whether there is no element at some value from `first` to `last`.
    fn is_outside(&self, first: i128, last: i128) -> bool {
        let (low, high) = self.valid;
        low.is_some_and(|low| first < low) || high.is_some_and(|high| last > high)
    }

    /// `read` where the loops are at an element, else `nothing`.
    fn chosen(&self, read: Uop<'g>, nothing: Uop<'g>) -> Uop<'g> {
        let (form, base) = (self.form.build(read.graph()), self.base.build(read.graph()));
        self.limits(form + base).reduce(|a, b| a & b).map_or(read, |there| there.choose(read, nothing))
    }
}

/// `kernel` with what `load` reads copied first, its border included; `None` if its conditions are not about sums of
/// loop counters that also make up its address.
pub(super) fn border<'g>(
    kernel: Uop<'g>,
    load: Uop<'g>,
    rows: Rows,
    simplifier: &mut Simplifier<'g>,
) -> Option<Uop<'g>> {
    let (graph, index) = (kernel.graph(), load.src(0));
    let (directions, outside) = directions(kernel, load)?;
    let directions: Vec<_> = directions.into_iter().map(Coordinate::in_strides).collect();
    let inside: Vec<Uop<'g>> = directions.iter().flat_map(|d| d.form.atoms()).collect();
    let nothing = load.srcs().nth(1).filter(|alt| alt.as_const().is_some())?;
    if is_shared(load, &inside) {
        return None;
    }
    let sizes: Vec<i128> = directions.iter().map(Coordinate::room).collect();
    let layout = Layout::of(&sizes, load.dtype().bytes())?;
    if layout.elements * load.dtype().bytes() as i128 > MOST_BYTES {
        return None;
    }
    let mut pointer = scratch(kernel, load, layout.elements);
    if directions.iter().any(Coordinate::has_border) {
        let every = graph.range(graph.index(layout.elements as i64), Axis::Loop);
        pointer = pointer.after(pointer.element(every, None).store(nothing, &[every]));
    }
    let counters: Vec<Uop<'g>> = directions.iter().map(|d| d.counter(graph)).collect();
    let there: Vec<_> = directions.iter().zip(&counters).map(|(d, i)| simplifier.simplify(d.place(*i))).collect();
    let store = pointer.element(layout.place(&there), None);
    let store = store.store(copied(index, &directions, &counters, &outside, nothing), &loops(&counters));
    let here: Vec<_> = directions.iter().map(|d| d.place(d.form.build(graph))).collect();
    let read = pointer.after(store).element(layout.place(&here), None).load();
    let read = match rows {
        Rows::Read => read,
        Rows::Chosen => trimmed(&directions).filter(|_| is_zero(nothing))?.chosen(read, nothing),
    };
    Some(simplifier.simplify(kernel.replace(load, read)))
}

/// The direction of rows, if a sum runs along it as far as its condition holds: the longest steps of those with conditions,
/// one by one along one loop of the sum. Results of a row are neighbours in another direction.
fn trimmed<'g, 'a>(directions: &'a [Coordinate<'g>]) -> Option<&'a Coordinate<'g>> {
    let at = directions.iter().position(|d| d.valid != (None, None))?;
    let is_along = |d: &Coordinate<'g>| d.valid != (None, None) || d.form.terms.iter().any(|t| is_loop(&t));
    let rows = Some(&directions[at]).filter(|_| directions[at + 1..].iter().any(is_along))?;
    let is_sum = |t: &&Term<'g>| matches!(t.factors[..], [r] if matches!(r.arg(), Arg::Range(_, Axis::Reduce)));
    let mut sums = rows.form.terms.iter().filter(is_sum);
    sums.next().filter(|t| t.coefficient.abs() == 1 && sums.next().is_none()).map(|_| rows)
}

/// Which share of a sum over the rows that `load` reads is zeros; `None` where [`Rows::Chosen`] does not apply.
pub(super) fn share_of_zeros<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Option<f64> {
    let (directions, _) = directions(kernel, load)?;
    let rows = trimmed(&directions).filter(|_| load.srcs().nth(1).is_some_and(is_zero))?;
    rows.share_of_zeros()
}

/// What remains of conditions in a sum that leaves out the rows which the tensor does not have, where nothing is copied.
pub(super) struct Guards {
    /// Which share of the elements that a tile of results reads keeps a condition.
    pub share: f64,
    /// Which share of the products is known to be zero, and left out: in tiles of whole rows.
    pub zeros: f64,
}

/// How many neighbouring results along a row make a tile.
pub(super) struct Tiles {
    /// About.
    pub results: usize,
    /// The longest rows of which a tile has a whole one.
    pub whole: usize,
    /// Most steps of a sum along such a row, which are written out.
    pub taps: i128,
}

/// What remains of the conditions of `load` for such tiles; `None` where rows cannot be left out.
pub(super) fn guards<'g>(kernel: Uop<'g>, load: Uop<'g>, tiles: Tiles) -> Option<Guards> {
    let (directions, _) = directions(kernel, load)?;
    let rows = trimmed(&directions).filter(|_| load.srcs().nth(1).is_some_and(is_zero))?;
    let mut guards = Guards { share: 0.0, zeros: 0.0 };
    for direction in directions.iter().filter(|d| d.valid != (None, None) && !std::ptr::eq(*d, rows)) {
        let [all, edges] = direction.edges()?;
        if all <= tiles.whole && direction.taps() <= tiles.taps.min(all as i128) {
            guards.zeros += direction.share_of_zeros()?;
        } else {
            guards.share += edges as f64 / all.min(tiles.results) as f64;
        }
    }
    Some(guards)
}

/// All values of a sum of these terms; `None` if these are too many.
fn values<'g: 'a, 'a>(terms: impl Iterator<Item = &'a Term<'g>>) -> Option<Vec<i128>> {
    let mut values = vec![0];
    for term in terms {
        let steps = 0..=term.factors.first().filter(|_| term.factors.len() == 1)?.vmax();
        values = steps.flat_map(|i| values.iter().map(move |v| v + i * term.coefficient)).collect();
        if values.len() > MOST_VALUES {
            return None;
        }
    }
    Some(values)
}

/// Whether `term` is a multiple of a loop over results.
fn is_loop(term: &&Term) -> bool {
    matches!(term.factors[..], [r] if matches!(r.arg(), Arg::Range(_, Axis::Loop)))
}

/// What is at the place that the counters of the directions say: an element, or `nothing`.
fn copied<'g>(
    index: Uop<'g>,
    directions: &[Coordinate<'g>],
    counters: &[Uop<'g>],
    outside: &Sum<'g>,
    nothing: Uop<'g>,
) -> Uop<'g> {
    let graph = index.graph();
    let mut source = outside.build(graph);
    let mut conditions = vec![];
    for (direction, counter) in directions.iter().zip(counters) {
        let value = *counter + direction.base.build(graph);
        source = source + value * direction.step;
        conditions.extend(direction.conditions(value));
    }
    match conditions.into_iter().reduce(|a, b| a & b) {
        None => index.src(0).element(source, None).load(),
        valid => {
            let address = index.src(0).element(source, valid);
            graph.node(Op::Load, nothing.dtype(), &[address, nothing], Arg::None)
        }
    }
}

/// What a copy of `load` with its border is now, and how much less of it loops outside would leave: bytes, and for each
/// loop in a condition the bytes for one step of it.
pub(super) fn extent<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Option<Extent<'g>> {
    let (directions, _) = directions(kernel, load)?;
    let bytes = directions.iter().map(Coordinate::size).fold(load.dtype().bytes() as i128, i128::saturating_mul);
    let rows = directions.iter().find(|d| d.valid != (None, None))?;
    let term = rows.form.terms.iter().filter(is_loop).max_by_key(|t| t.factors[0].vmax())?;
    let step = bytes / rows.size() * term.coefficient.abs();
    Some(Extent { bytes, row: term.factors[0], step, depth: depth(&Nest::new(kernel), load)? })
}

/// How large a copy is.
pub(super) struct Extent<'g> {
    /// Bytes of all of it.
    pub bytes: i128,
    /// The loop along which conditions are furthest apart in memory: over rows.
    pub row: Uop<'g>,
    /// Bytes that are fewer with each iteration of that loop that is not inside the copy.
    pub step: i128,
    /// How many loops are around the copy.
    pub depth: usize,
}

fn loops<'g>(counters: &[Uop<'g>]) -> Vec<Uop<'g>> {
    counters.iter().flat_map(|counter| counter.ranges()).collect()
}

/// The directions in which the guarded `load` moves inside its copy, the longest steps first, and the part of the
/// address that comes from the loops around.
fn directions<'g>(kernel: Uop<'g>, load: Uop<'g>) -> Option<(Vec<Coordinate<'g>>, Sum<'g>)> {
    let (nest, index) = (Nest::new(kernel), load.src(0));
    let known = known_bounds(index.srcs().nth(2)?)?;
    let depth = depth(&nest, load)?;
    let is_inside = |term: &Term<'g>| term.factors.iter().flat_map(|f| f.ranges()).any(|r| nest.depth(r) >= depth);
    let mut rest = Sum::of(index.src(1))?;
    let mut directions = vec![];
    for (whole, low, high) in known {
        let step = step_along(&rest, &whole)?;
        rest = rest.plus(&whole, &Term::constant(-step))?;
        let (inner, outer) = whole.terms.into_iter().partition(is_inside);
        let form = Sum { terms: inner };
        let all = form.bounds()?;
        directions.push(Coordinate { form, base: Sum { terms: outer }, step, all, valid: (low, high), stride: 1 });
    }
    let guarded: Vec<Uop<'g>> = directions.iter().flat_map(|d| d.form.atoms()).collect();
    let (free, outer) = std::mem::take(&mut rest.terms).into_iter().partition::<Vec<_>, _>(is_inside);
    for term in free {
        let &[range] = &term.factors[..] else { return None };
        directions.extend(Some(Coordinate::free(range, term.coefficient)?).filter(|_| !guarded.contains(&range)));
        if guarded.contains(&range) {
            return None;
        }
    }
    directions.sort_by_key(|d| std::cmp::Reverse(d.step.abs()));
    let is_known = |r: Uop<'g>| matches!(r.arg(), Arg::Range(..)) && r.src(0).as_int().is_some();
    let usable = |d: &Coordinate<'g>| d.copied().0 <= d.copied().1 && d.form.atoms().into_iter().all(is_known);
    directions.iter().all(usable).then_some((directions, Sum { terms: outer }))
}

/// How many loops stay around the copy of `load`: those around the first that it does not move with, and around the
/// first of those that its conditions are about.
fn depth<'g>(nest: &Nest<'g>, load: Uop<'g>) -> Option<usize> {
    let known = known_bounds(load.src(0).srcs().nth(2)?)?;
    let guarded = known.iter().flat_map(|(form, ..)| form.atoms());
    let first_guarded = guarded.flat_map(|atom| atom.ranges()).map(|r| nest.depth(r)).min()?;
    let is_still = |r: &Uop<'g>| !load.depends_on(*r);
    let first_still = nest.path(nest.innermost(load)).into_iter().rev().find(is_still).map_or(0, |r| nest.depth(r));
    Some(first_guarded.max(first_still))
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
