//! Tests of all rules together: random expressions keep their values, taking indices apart cancels
//! putting them together.

mod every_rule;
mod reductions;
mod textbook;

use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Axis, Graph, Op, Uop, Value, evaluate};
use crate::symbolic::Simplifier;

/// A small generator of pseudo-random numbers: tests are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

fn simplest(root: Uop<'_>) -> Uop<'_> {
    Simplifier::new().try_simplify(root).unwrap_or_else(|e| panic!("{e}"))
}

/// All points of the ranges that `root` depends on, at most `limit` of them.
fn check_everywhere<'g>(ranges: &[Uop<'g>], vars: &[(Uop<'g>, i128)], left: Uop<'g>, right: Uop<'g>) {
    let value = |node: Uop<'g>| vars.iter().find(|v| v.0 == node).map(|v| Value::Int(v.1));
    let sizes: Vec<i128> =
        ranges.iter().map(|r| evaluate(r.src(0), &value).and_then(Value::as_int).unwrap_or(0)).collect();
    for point in 0..sizes.iter().product::<i128>() {
        let mut rest = point;
        let places: Vec<i128> = sizes.iter().map(|s| (rest % s, rest /= s).0).collect();
        let at = |node: Uop<'g>| match ranges.iter().position(|r| *r == node) {
            Some(i) => Some(Value::Int(places[i])),
            None if node.op() == Op::Load => node.src(0).src(1).as_const(),
            None => value(node),
        };
        let (l, r) = (evaluate(left, &at), evaluate(right, &at));
        assert!(l.is_none() || l == r, "{} is {l:?}, {} is {r:?} at {places:?}", text(left), text(right));
    }
}

/// An expression in one line, for messages.
fn text(node: Uop<'_>) -> String {
    let src: Vec<String> = node.srcs().map(text).collect();
    match node.op() {
        Op::Const => node.as_const().map(|v| v.to_string()).unwrap_or_default(),
        Op::Range => format!("r{}<{}>", node.id().0, src[0]),
        Op::DefineVar => format!("{:?}", node.arg()),
        op => format!("{op}({})", src.join(", ")),
    }
}

#[test]
fn random_index_expressions_keep_their_values() {
    let mut random = Random(1);
    for round in 0..3000 {
        let g = Graph::new();
        let ranges: Vec<_> = (0..3).map(|_| g.range(g.index(1 + random.below(6) as i64), Axis::Loop)).collect();
        let mut values: Vec<Uop> = ranges.clone();
        for _ in 0..2 + random.below(7) {
            let (a, b) = (values[random.below(values.len())], values[random.below(values.len())]);
            let c: i64 = [1, 2, 3, 4, 6, 8, 12, -1, -2, -3][random.below(10)];
            values.push(match random.below(12) {
                0 | 1 => a + b,
                2 | 3 => a * c,
                4 => a + c,
                5 | 6 => a / c.abs(),
                7 | 8 => a % c.abs(),
                9 => a - b,
                10 => a.maximum(b),
                _ => a.lt(b + c).choose(a, b),
            });
        }
        let root = values[values.len() - 1];
        let condition = |random: &mut Random, of: &[Uop<'_>]| {
            let (a, c) = (of[random.below(of.len())].id(), random.below(9) as i64 - 2);
            let less = g.get(a).lt(c);
            if random.below(2) == 0 { !less } else { less }
        };
        let root = match round % 7 {
            4 => (condition(&mut random, &values) & condition(&mut random, &values)).choose(root, 5),
            5 => {
                let (a, b) = (condition(&mut random, &values), condition(&mut random, &values));
                a & b & condition(&mut random, &ranges)
            }
            6 => {
                let valid = condition(&mut random, &ranges) & condition(&mut random, &values);
                g.global(DType::INDEX, 0).element(root, Some(valid)).load()
            }
            0 => root.lt(random.below(20) as i64 - 5),
            1 => root.lt(ranges[0] * 3).choose(root, 7),
            2 => root.equals(random.below(9) as i64 - 3),
            _ => root,
        };
        let simple = simplest(root);
        check_everywhere(&ranges, &[], root, simple);
        assert_eq!(simplest(simple), simple, "{}", text(simple));
    }
}

/// Takes `flat` apart into indices of `sizes`, row-major.
fn unflatten<'g>(flat: Uop<'g>, sizes: &[Uop<'g>]) -> Vec<Uop<'g>> {
    let mut rest = flat;
    let mut indices: Vec<Uop> = sizes[1..]
        .iter()
        .rev()
        .map(|&size| {
            let at = rest % size;
            rest = rest / size;
            at
        })
        .collect();
    indices.push(rest);
    indices.reverse();
    indices
}

fn flatten<'g>(indices: &[Uop<'g>], sizes: &[Uop<'g>]) -> Uop<'g> {
    indices.iter().zip(sizes).map(|(i, _)| *i).zip(sizes).reduce(|(a, _), (i, s)| (a * *s + i, s)).map(|p| p.0).unwrap()
}

#[test]
fn taking_apart_cancels_putting_together() {
    let g = Graph::new();
    let var = |name: &str| g.dim(&Dim::from(Var::new(name, 1, 4096)));
    let (n, m, k) = (var("N"), var("M"), var("K"));
    let c = |v| g.index(v);
    let shapes: Vec<Vec<Uop>> = vec![
        vec![c(2), c(3), c(4)],
        vec![c(7), c(1), c(5), c(9)],
        vec![n, c(28), c(28)],
        vec![n, m],
        vec![n, m, k],
        vec![n, m + 2, k],
        vec![n, m * 4, c(3), k],
        vec![n, (m + 2) * k, c(8)],
        vec![c(3), n, c(4), m],
        vec![n * 784, k],
        vec![n, n, n],
    ];
    for shape in &shapes {
        let indices: Vec<Uop> = shape.iter().map(|&s| simplest(g.range(s, Axis::Loop))).collect();
        for (i, back) in indices.iter().zip(unflatten(flatten(&indices, shape), shape)) {
            let index = i.only_value().map_or(*i, |v| i.like(v));
            assert_eq!(simplest(back), index, "{shape:?}: {}", text(simplest(back)));
        }
        let total = shape.iter().copied().reduce(|a, b| a * b).unwrap();
        let flat = g.range(total, Axis::Loop);
        let again = simplest(flatten(&unflatten(flat, shape), shape));
        assert_eq!(again, simplest(flat), "{}", text(again));
    }
}

#[test]
fn an_offset_survives_taking_apart() {
    let g = Graph::new();
    let sizes = |all: &[i64]| all.iter().map(|&c| g.index(c)).collect::<Vec<Uop>>();
    let (shape, other) = (sizes(&[32, 16, 28, 28]), sizes(&[512, 14, 2, 14, 2]));
    let indices: Vec<Uop> = shape.iter().map(|&s| g.range(s, Axis::Loop)).collect();
    for offset in 0..30 {
        let flat = flatten(&indices, &shape) + offset;
        let again = simplest(flatten(&unflatten(flat, &other), &other));
        assert_eq!(again, simplest(flat), "{}", text(again));
    }
}

#[test]
fn split_and_unrolled_ranges_cancel_too() {
    let g = Graph::new();
    let n = g.dim(&Dim::from(Var::new("N", 1, 64)));
    let shape = [n * 8, g.index(12), n, g.index(6)];
    let outer = |size: Uop<'_>| g.range(g.get(size.id()), Axis::Loop);
    for lane in 0..4 {
        let indices = [
            outer(n) * 8 + outer(g.index(2)) * 4 + lane,
            outer(g.index(3)) * 4 + lane,
            outer(n),
            outer(g.index(3)) * 2 + lane % 2,
        ];
        for (index, back) in indices.iter().zip(unflatten(flatten(&indices, &shape), &shape)) {
            assert_eq!(simplest(back), simplest(*index), "{}", text(simplest(back)));
        }
    }
}

#[test]
fn expressions_in_variables_keep_their_values() {
    let mut random = Random(3);
    for _ in 0..600 {
        let g = Graph::new();
        let vars: Vec<Uop> = ["N", "M"].iter().map(|v| g.dim(&Dim::from(Var::new(v, 1, 5)))).collect();
        let extents = [vars[0], vars[1], vars[0] * vars[1], vars[0] + 2];
        let ranges: Vec<Uop> = (0..3).map(|_| g.range(extents[random.below(4)], Axis::Loop)).collect();
        let mut values = [&vars[..], &ranges].concat();
        for _ in 0..2 + random.below(6) {
            let (a, b) = (values[random.below(values.len())], values[random.below(values.len())]);
            let size = extents[random.below(4)];
            values.push(match random.below(9) {
                0 | 1 => a + b,
                2 | 3 => a * size,
                4 => a / size,
                5 => a % size,
                6 => a - b,
                7 => a.lt(b).choose(a, b * 2),
                _ => a * 3 + 1,
            });
        }
        let root = values[values.len() - 1];
        let root = if random.below(3) == 0 { root.lt(extents[random.below(4)]) } else { root };
        let simple = simplest(root);
        for (n, m) in [(1, 1), (2, 3), (5, 2)] {
            check_everywhere(&ranges, &[(vars[0], n), (vars[1], m)], root, simple);
        }
    }
}
