//! Random movement chains against an array that is really moved, and the textbook index expression.

use rustc_hash::FxHashMap;

use super::index;
use crate::dim::{Dim, Var};
use crate::ir::{Arg, Axis, Graph, Id, Op, Uop, Value, eval, pretty};
use crate::symbolic::simplify;
use crate::view::ShapeTracker;

/// Chains per run, and the most elements an intermediate result may have.
const CHAINS: usize = 10_000;
const SYMBOLIC_CHAINS: usize = 3_000;
const MOST_ELEMENTS: i64 = 150;

/// xorshift: reproducible, and good enough to choose movements.
struct Random(u64);

impl Random {
    fn below(&mut self, n: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n.max(1) as u64) as i64
    }
}

/// A tensor whose elements are the buffer elements they came from.
#[derive(Clone, Debug, PartialEq)]
struct Moved {
    shape: Vec<i64>,
    from: Vec<Option<i64>>,
}

fn points(shape: &[i64]) -> Vec<Vec<i64>> {
    shape
        .iter()
        .fold(vec![vec![]], |all, &d| all.iter().flat_map(|p| (0..d).map(|i| [&p[..], &[i]].concat())).collect())
}

impl Moved {
    fn new(shape: Vec<i64>) -> Moved {
        let size: i64 = shape.iter().product();
        Moved { shape, from: (0..size).map(Some).collect() }
    }

    fn at(&self, point: &[i64]) -> Option<i64> {
        let inside = point.iter().zip(&self.shape).all(|(&i, &d)| (0..d).contains(&i));
        let position = point.iter().zip(&self.shape).fold(0, |p, (i, d)| p * d + i);
        if inside { self.from[position as usize] } else { None }
    }

    fn read(&self, shape: Vec<i64>, source: impl Fn(&[i64]) -> Vec<i64>) -> Moved {
        let from = points(&shape).iter().map(|p| self.at(&source(p))).collect();
        Moved { shape, from }
    }

    fn apply(&self, op: Op, arg: &Arg, value: &dyn Fn(&Var) -> i64) -> Moved {
        let known = |d: &Dim| d.eval(value);
        let zip = |p: &[i64], f: &dyn Fn(usize, i64) -> i64| p.iter().enumerate().map(|(a, &i)| f(a, i)).collect();
        let mut shape = self.shape.clone();
        match (op, arg) {
            (Op::Reshape, Arg::Shape(s)) => Moved { shape: s.iter().map(known).collect(), from: self.from.clone() },
            (Op::Expand, Arg::Shape(s)) => {
                self.read(s.iter().map(known).collect(), |p| zip(p, &|a, i| if self.shape[a] == 1 { 0 } else { i }))
            }
            (Op::Permute, Arg::Axes(axes)) => self.read(axes.iter().map(|&a| self.shape[a]).collect(), |p| {
                (0..p.len()).map(|a| p[axes.iter().position(|&x| x == a).unwrap()]).collect()
            }),
            (Op::Flip, Arg::Axes(axes)) => {
                self.read(shape, |p| zip(p, &|a, i| if axes.contains(&a) { self.shape[a] - 1 - i } else { i }))
            }
            (Op::Pad, Arg::Pairs(pairs)) => {
                shape.iter_mut().zip(pairs).for_each(|(d, (b, e))| *d += known(b) + known(e));
                self.read(shape, |p| zip(p, &|a, i| i - known(&pairs[a].0)))
            }
            (Op::Shrink, Arg::Pairs(pairs)) => {
                shape.iter_mut().zip(pairs).for_each(|(d, (b, e))| *d = known(e) - known(b));
                self.read(shape, |p| zip(p, &|a, i| i + known(&pairs[a].0)))
            }
            _ => panic!("{op} is no movement"),
        }
    }

    /// Whether one view could say the same: the backed elements fill a box and step evenly in it.
    fn is_one_view(&self) -> bool {
        let all = points(&self.shape);
        let backed: Vec<&Vec<i64>> = all.iter().filter(|p| self.at(p).is_some()).collect();
        let Some(first) = backed.first() else { return true };
        let last = backed[backed.len() - 1];
        let inside = |p: &[i64]| (0..p.len()).all(|a| first[a] <= p[a] && p[a] <= last[a]);
        let step = |a: usize| {
            let mut next = (*first).clone();
            next[a] += 1;
            if next[a] <= last[a] { self.at(&next).map(|v| v - self.at(first).unwrap()) } else { Some(0) }
        };
        let Some(steps) = (0..first.len()).map(step).collect::<Option<Vec<i64>>>() else { return false };
        let even =
            |p: &Vec<i64>| self.at(first).unwrap() + (0..p.len()).map(|a| (p[a] - first[a]) * steps[a]).sum::<i64>();
        all.iter().all(|p| self.at(p) == inside(p).then(|| even(p)))
    }
}

/// What a tracker says, computed by the definition of a stack of views.
fn evaluate(tracker: &ShapeTracker, value: &dyn Fn(&Var) -> i64) -> Moved {
    let shape: Vec<i64> = tracker.shape().iter().map(|d| d.eval(value)).collect();
    let look = |point: &Vec<i64>| {
        let mut at = point.clone();
        let mut position = 0i64;
        for (i, view) in tracker.views.iter().rev().enumerate() {
            let sizes: Vec<i64> = view.shape.iter().map(|d| d.eval(value)).collect();
            if i > 0 {
                at = vec![0; sizes.len()];
                for (a, d) in sizes.iter().enumerate().rev() {
                    (at[a], position) = (position.rem_euclid(*d), position.div_euclid(*d));
                }
                assert_eq!(position, 0, "a backed element lies outside the view below");
            }
            let inside = |(x, (b, e)): (&i64, &(Dim, Dim))| b.eval(value) <= *x && *x < e.eval(value);
            if !at.iter().zip(&view.backed()).all(inside) {
                return None;
            }
            position = at.iter().zip(&view.strides).fold(view.offset.eval(value), |p, (x, s)| p + x * s.eval(value));
        }
        Some(position)
    };
    Moved { from: points(&shape).iter().map(look).collect(), shape }
}

/// The values of an expression at every point; `axes` are the ranges of its axes.
fn values(root: Uop, axes: &[Uop], all: &[Vec<i64>], value: &dyn Fn(&Var) -> i64) -> Vec<Option<Value>> {
    let mut done: FxHashMap<Id, Vec<Option<Value>>> = FxHashMap::default();
    for node in root.toposort() {
        let column = match node.arg() {
            Arg::Value(v) => vec![Some(*v); all.len()],
            Arg::Var(v) => vec![Some(Value::Int(value(v) as i128)); all.len()],
            Arg::Range(..) => {
                let axis = axes.iter().position(|x| x.arg() == node.arg()).unwrap();
                all.iter().map(|p| Some(Value::Int(p[axis] as i128))).collect()
            }
            _ => (0..all.len())
                .map(|i| {
                    let args: Option<Vec<Value>> = node.srcs().map(|s| done[&s.id()][i]).collect();
                    eval(node.op(), node.dtype(), &args?)
                })
                .collect(),
        };
        done.insert(node.id(), column);
    }
    done.remove(&root.id()).unwrap()
}

/// Checks position and validity expressions against `expected`.
fn check_expression(
    tracker: &ShapeTracker,
    expected: &Moved,
    value: &dyn Fn(&Var) -> i64,
    change: for<'g> fn(Uop<'g>) -> Uop<'g>,
) {
    let g = Graph::new();
    let axes: Vec<Uop> = tracker.shape().iter().map(|d| g.range(g.dim(d), Axis::Loop)).collect();
    let (position, valid) = index(tracker, &axes, &g);
    let all = points(&expected.shape);
    let position = values(change(position), &axes, &all, value);
    let valid = valid.map(|v| values(change(v), &axes, &all, value));
    for (i, point) in all.iter().enumerate() {
        let backed = valid.as_ref().is_none_or(|v| v[i] == Some(Value::Bool(true)));
        let found = position[i].filter(|_| backed).and_then(Value::as_int).map(|v| v as i64);
        assert_eq!(found, expected.from[i], "at {point:?} of {tracker:?}");
    }
}

fn dims(shape: &[i64]) -> Vec<Dim> {
    shape.iter().copied().map(Dim::from).collect()
}

/// A random way to write `size` as a shape of rank 1 to 4.
fn random_shape(random: &mut Random, size: i64) -> Vec<i64> {
    if size == 0 {
        return vec![random.below(4), 0];
    }
    let (mut shape, mut left) = (Vec::new(), size);
    for _ in 0..random.below(4) {
        let divisors: Vec<i64> = (1..=left).filter(|d| left % d == 0 && *d <= 5).collect();
        let d = divisors[random.below(divisors.len() as i64) as usize];
        shape.push(d);
        left /= d;
    }
    shape.push(left);
    let last = shape.len() - 1;
    let other = random.below(shape.len() as i64) as usize;
    shape.swap(other, last);
    shape
}

fn random_axes(random: &mut Random, rank: usize) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..rank).collect();
    for i in (1..rank).rev() {
        axes.swap(i, random.below(i as i64 + 1) as usize);
    }
    axes
}

fn random_pairs(shape: &[i64], mut pair: impl FnMut(i64) -> (i64, i64)) -> Arg {
    Arg::Pairs(shape.iter().map(|&d| pair(d)).map(|(a, b)| (a.into(), b.into())).collect())
}

fn random_move(random: &mut Random, shape: &[i64]) -> (Op, Arg) {
    let size: i64 = shape.iter().product();
    let room = |grown: i64| grown <= MOST_ELEMENTS;
    match random.below(7) {
        0 if room(size * 3) => (
            Op::Pad,
            random_pairs(shape, |_| match random.below(3) {
                0 => (random.below(3), random.below(3)),
                _ => (0, 0),
            }),
        ),
        1 => (
            Op::Shrink,
            random_pairs(shape, |d| {
                if random.below(2) == 0 {
                    return (0, d);
                }
                let begin = random.below(d);
                (begin, begin + (random.below(d - begin) + (random.below(20) != 0) as i64).min(d - begin))
            }),
        ),
        2 => (Op::Flip, Arg::Axes((0..shape.len()).filter(|_| random.below(2) == 0).collect())),
        3 => (Op::Permute, Arg::Axes(random_axes(random, shape.len()))),
        4 if shape.contains(&1) && room(size * 5) => {
            let wide = 1 + random.below(5);
            let axis = shape.iter().position(|&d| d == 1).unwrap();
            (
                Op::Expand,
                Arg::Shape(dims(
                    &shape.iter().enumerate().map(|(a, &d)| if a == axis { wide } else { d }).collect::<Vec<_>>(),
                )),
            )
        }
        _ => (Op::Reshape, Arg::Shape(dims(&random_shape(random, size)))),
    }
}

fn known(var: &Var) -> i64 {
    panic!("{var:?} in a known shape")
}

#[test]
fn random_chains_agree_with_moving_the_data() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut single, mut possible, mut padded) = (0, 0, 0);
    for chain in 0..CHAINS {
        let size = 1 + random.below(60);
        let mut moved = Moved::new(random_shape(&mut random, size));
        let mut tracker = ShapeTracker::contiguous(&dims(&moved.shape));
        for _ in 0..1 + random.below(7) {
            let (op, arg) = random_move(&mut random, &moved.shape);
            let next = moved.apply(op, &arg, &known);
            if next.from.len() as i64 > MOST_ELEMENTS {
                continue;
            }
            moved = next;
            tracker = tracker.apply(op, &arg).unwrap();
        }
        assert_eq!(evaluate(&tracker, &known), moved, "{tracker:?}");
        if chain % 4 == 0 {
            check_expression(&tracker, &moved, &known, |e| e);
        }
        check_expression(&tracker, &moved, &known, simplify);
        single += (tracker.views.len() == 1) as usize;
        possible += moved.is_one_view() as usize;
        padded += moved.from.contains(&None) as usize;
        assert!(tracker.views.len() > 1 || moved.is_one_view());
    }
    println!("{CHAINS} chains: {single} end as one view, {possible} could, {padded} have zeros");
    assert!(single * 100 >= possible * 97);
}

/// Sizes of a symbolic chain: the variable `N`, multiples of it, and small numbers.
fn symbolic_shape(random: &mut Random, n: &Dim) -> Vec<Dim> {
    let rank = 1 + random.below(3) as usize;
    let mut shape: Vec<Dim> = (0..rank).map(|_| Dim::from(1 + random.below(4))).collect();
    shape[random.below(rank as i64) as usize] = match random.below(3) {
        0 => n * &Dim::from(2),
        1 => n + &Dim::ONE,
        _ => n.clone(),
    };
    shape
}

/// Joins two axes, or takes a factor out of one.
fn symbolic_reshape(random: &mut Random, shape: &[Dim], n: &Dim) -> Arg {
    let mut new = shape.to_vec();
    let axis = random.below(shape.len() as i64) as usize;
    if axis + 1 < new.len() && random.below(2) == 0 {
        new[axis] = &new[axis] * &new[axis + 1];
        new.remove(axis + 1);
        return Arg::Shape(new);
    }
    let factors = [n.clone(), n + &Dim::ONE, 2.into(), 3.into(), 4.into(), 1.into()];
    let fitting: Vec<(Dim, Dim)> = factors.iter().filter_map(|f| Some((f.clone(), new[axis].div_exact(f)?))).collect();
    if let Some((a, b)) = fitting.get(random.below(fitting.len() as i64) as usize).cloned() {
        let (a, b) = if random.below(2) == 0 { (a, b) } else { (b, a) };
        new.splice(axis..=axis, [a, b]);
    }
    Arg::Shape(new)
}

fn symbolic_move(random: &mut Random, shape: &[Dim], n: &Dim) -> (Op, Arg) {
    let axis = random.below(shape.len() as i64) as usize;
    let one = |pair: (Dim, Dim), other: &dyn Fn(&Dim) -> (Dim, Dim)| {
        Arg::Pairs(shape.iter().enumerate().map(|(a, d)| if a == axis { pair.clone() } else { other(d) }).collect())
    };
    match random.below(6) {
        0 => {
            let before = [Dim::ZERO, Dim::ONE, n.clone()][random.below(3) as usize].clone();
            (Op::Pad, one((before, random.below(3).into()), &|_| (Dim::ZERO, Dim::ZERO)))
        }
        1 => {
            let (begin, cut) = (random.below(shape[axis].lower().min(3)), random.below(2));
            let end = &shape[axis] - &Dim::from(cut.min(shape[axis].lower() - begin));
            (Op::Shrink, one((begin.into(), end), &|d| (Dim::ZERO, d.clone())))
        }
        2 => (Op::Flip, Arg::Axes(vec![axis])),
        3 => (Op::Permute, Arg::Axes(random_axes(random, shape.len()))),
        4 if shape[axis].is(1) => {
            let wide = if random.below(2) == 0 { n.clone() } else { Dim::from(3) };
            (
                Op::Expand,
                Arg::Shape(
                    shape.iter().enumerate().map(|(a, d)| if a == axis { wide.clone() } else { d.clone() }).collect(),
                ),
            )
        }
        _ => (Op::Reshape, symbolic_reshape(random, shape, n)),
    }
}

#[test]
fn symbolic_chains_agree_for_every_size() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    let n = Dim::from(Var::new("N", 2, 1000));
    let (mut single, mut possible) = (0, 0);
    for _ in 0..SYMBOLIC_CHAINS {
        let start = symbolic_shape(&mut random, &n);
        let mut tracker = ShapeTracker::contiguous(&start);
        let mut chain = Vec::new();
        for _ in 0..1 + random.below(6) {
            let (op, arg) = symbolic_move(&mut random, tracker.shape(), &n);
            let next = tracker.apply(op, &arg).unwrap();
            if next.shape().len() <= 4 && next.size().eval(&|_| 5) <= 2 * MOST_ELEMENTS {
                tracker = next;
                chain.push((op, arg));
            }
        }
        let mut always = true;
        for size in [2, 3, 5] {
            let bind = move |_: &Var| size;
            let start = Moved::new(start.iter().map(|d| d.eval(&bind)).collect());
            let moved = chain.iter().fold(start, |m, (op, arg)| m.apply(*op, arg, &bind));
            assert_eq!(evaluate(&tracker, &bind), moved, "N={size} {tracker:?}");
            check_expression(&tracker, &moved, &bind, simplify);
            always &= moved.is_one_view();
        }
        single += (tracker.views.len() == 1) as usize;
        possible += always as usize;
    }
    println!("{SYMBOLIC_CHAINS} symbolic chains: {single} end as one view, at most {possible} could");
    assert!(single * 100 >= possible * 95);
}

#[test]
fn the_textbook_expression() {
    let pad = [(Dim::ONE, Dim::ONE), (Dim::ONE, Dim::ONE)];
    let tracker = ShapeTracker::contiguous(&dims(&[3, 2])).reshape(&dims(&[2, 3])).flip(&[0]).pad(&pad);
    let g = Graph::new();
    let axes: Vec<Uop> = tracker.shape().iter().map(|d| g.range(g.dim(d), Axis::Loop)).collect();
    let (position, valid) = index(&tracker, &axes, &g);
    for (position, valid) in [(position, valid.unwrap()), (simplify(position), simplify(valid.unwrap()))] {
        assert_eq!(pretty(position), "ridx0*-3 + ridx1 + 5");
        assert_eq!(pretty(valid), "!(ridx0 < 1) & ridx0 < 3 & !(ridx1 < 1) & ridx1 < 4");
    }
}

#[test]
fn misfitting_movements_are_none() {
    let tracker = ShapeTracker::contiguous(&dims(&[2, 3]));
    let misfits = [
        (Op::Reshape, Arg::Shape(dims(&[5]))),
        (Op::Expand, Arg::Shape(dims(&[2, 4]))),
        (Op::Permute, Arg::Axes(vec![0, 0])),
        (Op::Flip, Arg::Axes(vec![2])),
        (Op::Shrink, Arg::Pairs(vec![(0.into(), 2.into()), (1.into(), 4.into())])),
        (Op::Add, Arg::None),
    ];
    for (op, arg) in misfits {
        assert_eq!(tracker.apply(op, &arg), None, "{op} {arg:?}");
    }
}
