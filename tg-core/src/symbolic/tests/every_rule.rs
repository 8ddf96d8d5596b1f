//! One property test for every rule: fill its left side with random leaves, apply it, evaluate both sides.

use super::{Random, text};
use crate::dim::Var;
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Graph, Op, Uop, Value, cast, evaluate};
use crate::rewrite::{Hole, Note, Ops, Pat, Rule};
use crate::symbolic::{Simplifier, rules};

/// How often a rule is tried before it counts as one that never matches.
const TRIES: usize = 30_000;

/// How many matches of one rule are checked.
const MATCHES: usize = 100;

const DTYPES: [DType; 8] =
    [DType::BOOL, DType::INDEX, DType::INDEX, DType::I32, DType::U8, DType::I8, DType::F32, DType::F16];

/// Fills patterns with expressions over a few shared variables.
struct Filler<'a, 'g> {
    graph: &'g Graph,
    random: &'a mut Random,
    holes: [Option<Uop<'g>>; 8],
    variables: Vec<Uop<'g>>,
}

impl<'g> Filler<'_, 'g> {
    fn dtype(&mut self) -> DType {
        DTYPES[self.random.below(DTYPES.len())]
    }

    fn constant(&mut self, dtype: DType) -> Uop<'g> {
        let small = self.random.below(13) as i64 - 4;
        let value = match self.random.below(12) {
            0 if dtype.is_float() => Value::Float([f64::INFINITY, f64::NAN, -0.0, 0.1][self.random.below(4)]),
            0 if !dtype.is_index() => Value::Int(dtype.int_range().map_or(0, |r| if small < 0 { r.0 } else { r.1 })),
            1 => Value::Int(12),
            2 => Value::Int(1),
            3 => Value::Int(0),
            _ => Value::Int(small as i128),
        };
        self.graph.constant(dtype, value)
    }

    /// A variable or range of this dtype, often one that exists.
    fn variable(&mut self, dtype: DType) -> Uop<'g> {
        let known: Vec<Uop> = self.variables.iter().copied().filter(|v| v.dtype() == dtype).collect();
        if known.len() > 1 || !known.is_empty() && self.random.below(2) == 0 {
            return known[self.random.below(known.len())];
        }
        let var = if dtype == DType::INDEX && self.random.below(3) == 0 {
            self.graph.range(self.graph.index(1 + self.random.below(8) as i64), Axis::Loop)
        } else {
            let (low, high) = dtype.int_range().unwrap_or((0, 0));
            let min = self.random.below(10) as i64 - 5;
            let max = min + self.random.below(20) as i64;
            let full = self.random.below(2) == 0 && !dtype.is_index() || (min as i128) < low || max as i128 > high;
            let (min, max) = if full { (low as i64, high as i64) } else { (min, max) };
            let name = format!("v{}", self.variables.len());
            self.graph.node(Op::DefineVar, dtype, &[], Arg::Var(Var::new(&name, min, max)))
        };
        self.variables.push(var);
        var
    }

    fn leaf(&mut self, dtype: DType) -> Uop<'g> {
        let choice = self.random.below(8);
        match choice {
            0 => self.constant(dtype),
            1 | 2 if dtype == DType::INDEX => {
                let (x, c) = (self.variable(dtype), 1 + self.random.below(6) as i64);
                [x * c, x / c, x % c, x + c][self.random.below(4)]
            }
            1 | 2 if dtype == DType::BOOL => self.condition(),
            3 if dtype == DType::BOOL => !self.condition(),
            3 if dtype == DType::INDEX => self.variable(dtype) + self.variable(dtype),
            _ => self.variable(dtype),
        }
    }

    fn condition(&mut self) -> Uop<'g> {
        let (x, c) = (self.variable(DType::INDEX), self.constant(DType::INDEX));
        [x.lt(c), x.lt(c), !x.lt(c), x.equals(c)][self.random.below(4)]
    }

    fn fill(&mut self, pat: &Pat, dtype: DType) -> Option<Uop<'g>> {
        match pat {
            Pat::Hole(hole) => self.hole(*hole, dtype, Filler::leaf),
            Pat::Const(hole) => self.hole(*hole, dtype, Filler::constant),
            Pat::Literal(value) => Some(self.graph.constant(dtype, *value)),
            Pat::Node { ops, src, name } => {
                let node = match (src, self.op(*ops)) {
                    (Some(src), op) => self.node(op, src, dtype)?,
                    (None, op @ (Op::Index | Op::Load | Op::Reduce)) => self.memory_or_loop(op, dtype)?,
                    (None, op) => {
                        let any: Vec<Pat> = (0..op.arity()?).map(|i| free(6 - i)).collect();
                        self.holes[4..7].fill(None);
                        self.node(op, &any, dtype)?
                    }
                };
                match name {
                    Some(hole) => self.hole(*hole, node.dtype(), |_, _| node).filter(|n| *n == node),
                    None => Some(node),
                }
            }
        }
    }

    fn op(&mut self, ops: Ops) -> Op {
        match ops {
            Ops::One(op) => op,
            Ops::Such(holds) => {
                let all: Vec<Op> = Op::ALL.iter().copied().filter(|op| holds(*op)).collect();
                all[self.random.below(all.len())]
            }
        }
    }

    fn hole(&mut self, hole: Hole, dtype: DType, make: impl Fn(&mut Self, DType) -> Uop<'g>) -> Option<Uop<'g>> {
        if !hole.class.holds(dtype) {
            return None;
        }
        let filled = self.holes[hole.index as usize].unwrap_or_else(|| make(self, dtype));
        self.holes[hole.index as usize] = Some(filled);
        (filled.dtype() == dtype).then_some(filled)
    }

    fn node(&mut self, op: Op, src: &[Pat], dtype: DType) -> Option<Uop<'g>> {
        let operand = match op {
            Op::Cast => self.dtype(),
            _ if op.is_comparison() => self.dtype(),
            Op::Bitcast => [DType::I32, DType::F32, DType::I8, DType::U8][self.random.below(4)],
            _ => dtype,
        };
        let fits = match op {
            Op::Bitcast => operand.bytes() == dtype.bytes(),
            Op::And | Op::Or | Op::Xor => !dtype.is_float(),
            Op::Shl | Op::Shr | Op::Idiv => dtype.is_int(),
            Op::Fdiv => dtype.is_float(),
            _ if op.is_comparison() => dtype == DType::BOOL,
            _ => true,
        };
        let mut filled = Vec::new();
        for (i, s) in src.iter().enumerate().filter(|_| fits) {
            filled.push(self.fill(s, if op == Op::Where && i == 0 { DType::BOOL } else { operand })?);
        }
        fits.then(|| self.graph.node(op, dtype, &filled, Arg::None))
    }

    fn load(&self, dtype: DType, at: Uop<'g>, valid: Option<Uop<'g>>) -> Uop<'g> {
        self.graph.global(dtype, 0).element(at, valid).load()
    }

    fn memory_or_loop(&mut self, op: Op, dtype: DType) -> Option<Uop<'g>> {
        if op == Op::Reduce {
            return Some(self.reduction(dtype));
        }
        let condition = self.holes.iter().flatten().copied().find(|h| h.dtype() == DType::BOOL);
        let valid = match self.random.below(4) {
            0 => self.graph.constant(DType::BOOL, self.random.below(2) == 0),
            _ => condition.unwrap_or_else(|| self.condition()),
        };
        let (at, c) = (self.leaf(DType::INDEX), 1 + self.random.below(6) as i64);
        let at = if self.random.below(2) == 0 { at / c } else { at % c };
        let load = self.load(dtype, at, Some(valid));
        match op {
            Op::Load if self.random.below(4) == 0 => {
                let open = load.src(0).src(0).element(at, None);
                Some(load.with_srcs(&[open, load.src(1)]))
            }
            Op::Load => Some(load),
            _ => Some(load.src(0)),
        }
    }

    /// A reduction over one or two ranges with a body of the kinds that have closed forms.
    fn reduction(&mut self, dtype: DType) -> Uop<'g> {
        let range = self.graph.range(self.graph.index(1 + self.random.below(6) as i64), Axis::Reduce);
        let a = [1, 1, -1, -1, 2, -3][self.random.below(6)];
        let left = range * a + self.leaf(DType::INDEX);
        let (right, c) = (self.leaf(DType::INDEX), self.leaf(dtype));
        let data = self.load(DType::I32, self.graph.index(3), None);
        let condition = match self.random.below(6) {
            0 => left.lt(right),
            1 => !left.lt(right),
            2 => left.equals(right),
            3 => range.equals(data.cast(DType::INDEX)),
            4 => range.cast(DType::I32).equals(data),
            _ => left.lt(right) & !range.lt(self.leaf(DType::INDEX)),
        };
        let condition = if self.random.below(3) == 0 { condition & self.condition() } else { condition };
        let valid = (self.random.below(2) == 0).then(|| range.lt(4));
        let inner = self.load(dtype, range + 1, valid);
        let body = match self.random.below(5) {
            0 => c,
            1 => condition.choose(c, Value::zero(dtype)),
            2 => condition.cast(dtype),
            3 if condition.op() == Op::Cmplt => condition.choose(c.like(Value::zero(dtype)), c),
            _ => condition.choose(inner, Value::zero(dtype)),
        };
        let other = self.graph.range(self.graph.index(2), Axis::Reduce);
        let ranges: &[Uop] = if self.random.below(3) == 0 { &[other, range] } else { &[range] };
        let op = match (self.random.below(5), dtype.is_bool()) {
            (0, _) => Op::Max,
            (1, true) => Op::Mul,
            _ => Op::Add,
        };
        body.reduce(op, ranges)
    }
}

fn free(index: usize) -> Pat {
    Pat::Hole(Hole { index: index as u8, class: crate::rewrite::Class::Any })
}

/// A value for a variable, a range, or a place in memory: the same for the same `round`.
fn value_of(node: Uop<'_>, round: usize) -> Option<Value> {
    if node.op() == Op::Load {
        let mut random = Random((node.src(0).src(1).as_int()? * 71 + round as i128 * 13) as u64);
        random.below(9);
        return Some(cast(Value::Int(random.below(8) as i128 - 2), node.dtype()));
    }
    let mut random = Random(node.id().0 as u64 * 977 + round as u64 * 31);
    random.below(9);
    if node.dtype().is_float() {
        let all = [0.0, -0.0, 1.0, -1.5, 3.25, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e30, 0.1, 7.0];
        return Some(cast(Value::Float(all[random.below(all.len())]), node.dtype()));
    }
    let (low, high) = node.bounds()?;
    let width = (high - low + 1).min(1 << 20) as usize;
    let at = [0, width - 1, random.below(width), random.below(width)][random.below(4)] as i128;
    Some(cast(Value::Int(if random.below(2) == 0 { low + at } else { high - at }), node.dtype()))
}

fn agree(a: Value, b: Value, inexact: bool) -> bool {
    let (x, y) = (a.to_f64(), b.to_f64());
    // A zero may become the product of a zero and what is infinite.
    let no_zero = || x == 0.0 && y.is_nan();
    let close = || inexact && (x == y || !x.is_finite() || no_zero() || (x - y).abs() <= 1e-2 * x.abs().max(y.abs()));
    a == b || x.is_nan() && y.is_nan() || close()
}

/// Whether a rule matched one random filling, or what is wrong with it.
fn try_rule(rule: &Rule, random: &mut Random) -> Result<bool, String> {
    let graph = Graph::new();
    let mut filler = Filler { graph: &graph, random, holes: [None; 8], variables: vec![] };
    let dtype = filler.dtype();
    let variants = rule.left.variants();
    let left = &variants[filler.random.below(variants.len())];
    let Some(before) = filler.fill(left, dtype) else { return Ok(false) };
    let Some(after) = rule.apply(before) else { return Ok(false) };
    let has = |wanted: fn(&Note) -> bool| rule.notes.iter().any(wanted);
    let simple = Simplifier::new().try_simplify(after).map_err(|e| format!("{e} from {}", text(before)))?;
    for right in [after, simple] {
        let inexact = right == simple || has(|n| matches!(n, Note::Inexact(_)));
        same_values(before, right, inexact && before.dtype().is_float())?;
    }
    let smallest = after.toposort().len().min(simple.toposort().len());
    match has(|n| matches!(n, Note::Grows(_))) || smallest <= before.toposort().len() {
        true => Ok(true),
        false => Err(format!("{} grows to {}", text(before), text(after))),
    }
}

fn same_values<'g>(before: Uop<'g>, after: Uop<'g>, inexact: bool) -> Result<(), String> {
    let read = |node: Uop<'g>| if node.op() == Op::Index { node.load() } else { node };
    for round in 0..8 {
        let value = |node: Uop<'g>| value_of(node, round);
        let Some(expected) = evaluate(read(before), &value) else { continue };
        let got = evaluate(read(after), &value);
        if !got.is_some_and(|got| agree(expected, got, inexact)) {
            return Err(format!("{} is {expected:?}, but {} is {got:?}", text(before), text(after)));
        }
    }
    Ok(())
}

#[test]
fn every_rule_keeps_values_ends_and_does_not_grow() {
    let mut random = Random(7);
    let mut wrong = Vec::new();
    for rule in rules().rules() {
        let (mut matches, mut tries) = (0, 0);
        while matches < MATCHES && tries < TRIES {
            tries += 1;
            match try_rule(rule, &mut random) {
                Ok(matched) => matches += matched as usize,
                Err(message) => {
                    wrong.push(format!("{}::{}: {message}", rule.set, rule.name));
                    break;
                }
            }
        }
        if matches == 0 && tries == TRIES {
            wrong.push(format!("{}::{} never matched", rule.set, rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
