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
const POINTS: [f64; 7] = [0.0, 1.0, -1.0, 0.5, -2.0, 2.0, -0.5];

/// Time of a multiplication with an entry of a table, in multiplications of elements with weights.
const TRANSFORM: f64 = 2.0;

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
    /// The one with the fewest products for the rows of `x`, (n, g, 1, c, h, w), and of taps of `weights`, (g, o, c, kh, kw); `None`
    /// if what it saves of them is less than what it adds.
    pub(super) fn of(x: Uop, weights: Uop) -> Option<Filter> {
        let known: Option<Vec<i64>> = weights.shape()[1..].iter().map(Dim::known).collect();
        let (row, &[out, channels, rows, taps]) = (x.shape().last()?.known()?, &known?[..]) else { return None };
        let width = (row - taps + 1).max(0);
        let filters = 2..=POINTS.len() as i64 + 2 - taps;
        let filters = filters.map(|results| Filter { results: results as usize, taps: taps as usize, width });
        let best = filters.min_by_key(|f| (f.products(), f.points()))?;
        let [saved, products] = [width * taps - best.products(), best.products()].map(|n| n as f64);
        let [rows, channels, out] = [rows, channels, out].map(|n| n as f64);
        let added = products * (best.points() as f64 * channels + best.results as f64 * out);
        (saved * rows * channels * out > TRANSFORM * added).then_some(best)
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
    let rows = &x.shape()[..5];
    let pieces = match filter.blocks() {
        // All of the row: no windows, whose gradient is a sum.
        1 => reshaped(whole, &[rows, &[Dim::ONE, Dim::from(points)]].concat()),
        _ => slid(whole, [rows, &[]], &Windows::new(vec![points], Some(Each(vec![step])), None)?)?,
    };
    let pieces = without_axes(pieces, &[2]);
    // (n, g, c, h, block, point) to (n, g, point, h, block, c): for each point a factor of a product.
    let elements = transformed(permuted(pieces, vec![0, 1, 3, 4, 2, 5]), &filter.of_elements(), (5, 2));
    // (g, o, c, kh, kw) to (g, point, kh, c, o): the other factor.
    let factors = transformed(permuted(weights, vec![0, 3, 2, 1, 4]), &filter.of_weights(), (4, 1));
    // (n, g, point, …, block, o) to (n, g, …, block, o, result).
    let results = transformed(products(elements, factors)?, &transpose(&filter.of_results()), (2, 6));
    let results = permuted(results, vec![0, 1, 4, 2, 3, 5]);
    let mut shape = results.shape()[..4].to_vec();
    shape.push(Dim::from(filter.blocks() * step));
    let results = reshaped(results, &shape);
    shape[4] = Dim::from(filter.width);
    Ok(shrunk(results, shape.into_iter().map(|size| (Dim::ZERO, size)).collect()))
}

/// `x`, (n, g, point, h, block, c), times `weights`, (g, point, kh, c, o), summed over c and then over kh: (n, g, point, …,
/// block, o). What a sum rounds grows with what it has come to; results are differences of such sums, and would show it.
fn products<'g>(x: Uop<'g>, weights: Uop<'g>) -> Result<Uop<'g>, Error> {
    let ([n, g, p, h, b, c], [.., rows, _, o]) = (x.shape(), weights.shape()) else {
        unreachable!("six and five axes")
    };
    let (one, taps) = (&Dim::ONE, vec![rows.known().unwrap_or(1)]);
    let apart = reshaped(x, &[n, g, p, h, b, one, c].map(Dim::clone));
    let beside = [&[n, g, p].map(Dim::clone)[..], &[b, o, c].map(Dim::clone)];
    // (n, g, point, …, kh, block, o, c).
    let seen = slid(apart, beside, &Windows::new(taps, None, None)?)?;
    let weights = permuted(weights, vec![0, 1, 2, 4, 3]);
    let weights = reshaped(weights, &[one, g, p, one, rows, one, o, c].map(Dim::clone));
    let of_taps = reduced(seen * expanded(weights, seen.shape()), Op::Add, &[7]);
    Ok(without_axes(reduced(of_taps, Op::Add, &[4]), &[4, 7]))
}

fn transpose(table: &Table) -> Table {
    (0..table[0].len()).map(|column| table.iter().map(|row| row[column]).collect()).collect()
}

/// The products of `table` with the vectors along the axis `from` of `x`, which vanishes; in between, they lie along a new axis
/// `to`.
fn transformed<'g>(x: Uop<'g>, table: &Table, (from, to): (usize, usize)) -> Uop<'g> {
    let with = |size: i64| {
        let mut shape = x.shape().to_vec();
        shape.insert(to, Dim::from(size));
        shape
    };
    let (shape, from) = (with(table.len() as i64), if from < to { from } else { from + 1 });
    let numbers = tabulated(x.graph(), x.dtype(), &shape, table, [to, from]);
    let spread = expanded(reshaped(x, &with(1)), &shape);
    // What is multiplied with zero is left out: it may be infinite, and costs nothing so.
    let terms = numbers.differs(0).choose(spread * numbers, Value::zero(x.dtype()));
    without_axes(reduced(terms, Op::Add, &[from]), &[from])
}

/// A tensor of `shape` that has `table` along two axes, of its rows and columns, and repeats it along the others.
fn tabulated<'g>(graph: &'g Graph, dtype: DType, shape: &[Dim], table: &Table, [rows, columns]: [usize; 2]) -> Uop<'g> {
    let place = position(graph, shape, rows) * table[0].len() as i64 + position(graph, shape, columns);
    let entries = table.iter().flatten().zip(0i64..).filter(|(number, _)| **number != 0.0);
    let zero = graph.constant(dtype, Value::zero(dtype));
    entries.fold(zero, |rest, (number, at)| place.equals(at).choose(graph.constant(dtype, *number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of integers that differ.
    fn row(count: usize) -> Vec<f64> {
        (0..count as i64).map(|i| (i * i * 7 % 11 - 5) as f64).collect()
    }

    fn times(table: &Table, x: &[f64]) -> Vec<f64> {
        table.iter().map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect()
    }

    #[test]
    fn products_of_what_the_tables_make_are_a_filter() {
        for taps in 2..=7 {
            for results in 2..=9 - taps {
                let filter = Filter { results, taps, width: 20 };
                let (d, g) = (row(filter.points()), row(taps));
                let factors = times(&filter.of_elements(), &d).into_iter().zip(times(&filter.of_weights(), &g));
                let products: Vec<f64> = factors.map(|(a, b)| a * b).collect();
                let found = times(&transpose(&filter.of_results()), &products);
                let expected: Vec<f64> =
                    (0..results).map(|i| d[i..].iter().zip(&g).map(|(a, b)| a * b).sum()).collect();
                let is_near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-10;
                assert!(found.iter().zip(&expected).all(is_near), "{filter:?}: {found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn the_fewest_products_are_taken_where_they_pay() {
        let graph = Graph::new();
        let tensor = |shape: &[i64]| graph.buffer(DType::F32, shape.iter().map(|n| Dim::from(*n)).collect());
        let of = |row: i64, [out, channels, taps]: [i64; 3]| {
            let weights = tensor(&[1, out, channels, taps, taps]);
            Filter::of(tensor(&[1, 1, 1, channels, 9, row]), weights).map(|f| (f.results, f.products()))
        };
        assert_eq!(of(24, [32, 32, 5]), Some((4, 40)));
        assert_eq!(of(8, [64, 64, 3]), Some((6, 8)));
        assert_eq!(of(10, [64, 32, 3]), Some((4, 12)));
        assert_eq!(of(5, [32, 32, 5]), None, "one result is no row");
        assert_eq!(of(28, [32, 1, 5]), None, "one channel is not worth it");
        assert_eq!(of(28, [64, 64, 1]), None, "one tap");
        assert_eq!(of(28, [64, 64, 8]), None, "more taps than points");
    }
}
