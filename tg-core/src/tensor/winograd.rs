//! Rows of a convolution with fewer products, after Winograd: m neighbouring results of r taps take m + r - 1, not m·r.
//!
//! A row of n = m + r - 1 elements d and weights g give m results y = Aᵀ((G g) ∘ (B d)). That is a product of polynomials,
//! transposed: for a of degree m - 1 and g of degree r - 1, the coefficients of a·g are C((A a) ∘ (G g)), where A and G
//! evaluate at n points, one of them infinity, and C interpolates. Transposed as a function of a, with B = Cᵀ, it maps d
//! to y. Interpolation's divisors are moved from B to G, so that B is exact.
//!
//! Sums over channels and over rows of taps commute with Aᵀ, so that Aᵀ is applied once to what they come to. Only rows are
//! computed in this way: both axes would save more products, and lose as many digits again.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Graph, Op, Uop, Value};
use crate::tensor::argument::Each;
use crate::tensor::error::Error;
use crate::tensor::primitive::{expanded, permuted, position, reduced, reshaped, shrunk, without_axes};
use crate::tensor::window::{Windows, fitted, slid};

/// Where polynomials are evaluated, but for infinity: small powers of two, whose powers are exact.
const POINTS: [f64; 7] = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5];

/// A table of numbers, row by row.
type Table = Vec<Vec<f64>>;

/// What n = m + r - 1 products give: m results of r taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    results: usize,
    taps: usize,
    /// How many results a row has.
    width: i64,
}

impl Filter {
    /// The one with the fewest products for the rows of `x` and of taps of `weights`, if it has fewer than there are taps.
    pub(super) fn of(x: Uop, weights: Uop) -> Option<Filter> {
        let (row, taps) = (x.shape().last()?.known()?, weights.shape().last()?.known()?);
        let width = (row - taps + 1).max(0);
        let filters = 2..=POINTS.len() as i64 + 2 - taps;
        let filters = filters.map(|results| Filter { results: results as usize, taps: taps as usize, width });
        filters.filter(|f| f.products() < width * taps).min_by_key(|f| (f.products(), f.points()))
    }

    fn points(self) -> usize {
        self.results + self.taps - 1
    }

    /// How many blocks of results make a row.
    fn blocks(self) -> i64 {
        (self.width + self.results as i64 - 1) / self.results as i64
    }

    fn products(self) -> i64 {
        self.blocks() * self.points() as i64
    }

    /// `count` powers of each point.
    fn powers(self, count: usize) -> Table {
        let finite = POINTS[..self.points() - 1].iter();
        let infinite = (0..count).map(|i| f64::from(i == count - 1)).collect();
        finite.map(|z| (0..count).map(|i| z.powi(i as i32)).collect()).chain([infinite]).collect()
    }

    /// A, of n rows and m columns.
    fn of_results(self) -> Table {
        self.powers(self.results)
    }

    /// G, of n rows and r columns: powers of each point, divided by its distances from the others.
    fn of_weights(self) -> Table {
        let mut table = self.powers(self.taps);
        for (row, z) in table.iter_mut().zip(&POINTS[..self.points() - 1]) {
            let distances: f64 = self.others(*z).map(|other| z - other).product();
            row.iter_mut().for_each(|power| *power /= distances);
        }
        table
    }

    /// B, of n rows and columns: the polynomial that is zero at all other points.
    fn of_elements(self) -> Table {
        let finite = POINTS[..self.points() - 1].iter().map(|z| polynomial(self.others(*z)));
        let mut table: Table = finite.chain([polynomial(POINTS[..self.points() - 1].iter().copied())]).collect();
        table.iter_mut().for_each(|row| row.resize(self.points(), 0.0));
        table
    }

    /// The finite points other than `z`.
    fn others(self, z: f64) -> impl Iterator<Item = f64> {
        POINTS[..self.points() - 1].iter().copied().filter(move |other| *other != z)
    }
}

/// The coefficients of the product of all `z - zero`, that of the constant first.
fn polynomial(zeros: impl Iterator<Item = f64>) -> Vec<f64> {
    zeros.fold(vec![1.0], |factor, zero| {
        let times_z = [&[0.0], &factor[..]].concat();
        times_z.iter().enumerate().map(|(i, c)| c - zero * factor.get(i).unwrap_or(&0.0)).collect()
    })
}

/// The convolution of `x`, (n, g, 1, c, h, w), with `weights`, (g, o, c, kh, kw), to (n, g, o, …, width).
pub(super) fn filtered<'g>(x: Uop<'g>, weights: Uop<'g>, filter: &Filter) -> Result<Uop<'g>, Error> {
    let [step, points] = [filter.results, filter.points()].map(|n| n as i64);
    let whole = fitted(x, 5, &Dim::from(filter.blocks() * step + filter.taps as i64 - 1));
    let pieces = slid(whole, &x.shape()[..5], &Windows::new(vec![points], Some(Each(vec![step])), None)?)?;
    // (n, g, 1, c, h, block, point) as (n, g, o, c, block, point, …, kh).
    let elements = permuted(transformed(pieces, &filter.of_elements(), 6), vec![0, 1, 2, 3, 5, 6, 4]);
    let mut outer = elements.shape()[..6].to_vec();
    outer[2] = weights.shape()[1].clone();
    let rows = &weights.shape()[3];
    let seen = slid(elements, &outer, &Windows::new(vec![rows.known().unwrap_or(1)], None, None)?)?;
    // (g, kh, c, o, kw) to (g, point, kh, c, o): for each point the factor of a product, with its results as neighbours.
    let factors = transformed(permuted(weights, vec![0, 3, 2, 1, 4]), &filter.of_weights(), 1);
    let [g, p, _, c, o] = factors.shape() else { unreachable!("factors have five axes") };
    let one = &Dim::ONE;
    let shape = [one, g, o, c, one, p, one, rows].map(Dim::clone);
    let factors = reshaped(permuted(factors, vec![0, 4, 3, 1, 2]), &shape);
    let sums = without_axes(reduced(seen * expanded(factors, seen.shape()), Op::Add, &[3, 7]), &[3, 7]);
    // (n, g, o, block, point, …) to (n, g, o, …, block, point).
    let sums = permuted(sums, vec![0, 1, 2, 5, 3, 4]);
    let results = transformed(sums, &transpose(&filter.of_results()), 5);
    let mut shape = results.shape()[..4].to_vec();
    shape.push(Dim::from(filter.blocks() * step));
    let results = reshaped(results, &shape);
    shape[4] = Dim::from(filter.width);
    Ok(shrunk(results, shape.into_iter().map(|size| (Dim::ZERO, size)).collect()))
}

fn transpose(table: &Table) -> Table {
    (0..table[0].len()).map(|column| table.iter().map(|row| row[column]).collect()).collect()
}

/// The products of `table` with the vectors along the last axis of `x`: along the axis `at`.
fn transformed<'g>(x: Uop<'g>, table: &Table, at: usize) -> Uop<'g> {
    let rank = x.shape().len();
    let with = |size: i64| {
        let mut shape = x.shape().to_vec();
        shape.insert(at, Dim::from(size));
        shape
    };
    let shape = with(table.len() as i64);
    let numbers = tabulated(x.graph(), x.dtype(), &shape, (table, at));
    let spread = expanded(reshaped(x, &with(1)), &shape);
    // What is multiplied with zero is left out: it may be infinite, and costs nothing so.
    let terms = numbers.differs(0).choose(spread * numbers, Value::zero(x.dtype()));
    without_axes(reduced(terms, Op::Add, &[rank]), &[rank])
}

/// A tensor of `shape` that has `table` along the axis `at` and its last one, and repeats it along the others.
fn tabulated<'g>(graph: &'g Graph, dtype: DType, shape: &[Dim], (table, at): (&Table, usize)) -> Uop<'g> {
    let place = position(graph, shape, at) * table[0].len() as i64 + position(graph, shape, shape.len() - 1);
    let entries = table.iter().flatten().zip(0i64..).filter(|(number, _)| **number != 0.0);
    let zero = graph.constant(dtype, Value::zero(dtype));
    entries.fold(zero, |rest, (number, at)| place.equals(at).choose(graph.constant(dtype, *number), rest))
}
