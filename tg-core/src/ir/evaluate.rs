//! The value of a scalar expression for given values of its variables: what rules are checked against.
//!
//! Not an interpreter of kernels: nothing is stored, and memory is whatever the caller says it is.

use rustc_hash::FxHashMap;

use crate::ir::{Arg, Id, Op, Uop, Value, eval, neutral};

/// The value of `root`.
///
/// `value` gives the values of DEFINE_VAR, of RANGE, and of LOAD, which it sees with a constant address
/// that is allowed to be accessed. REDUCE loops over its ranges. `None` where `value` has none, an
/// integer is divided by zero, or an op has no scalar value.
pub fn evaluate<'g>(root: Uop<'g>, value: &dyn Fn(Uop<'g>) -> Option<Value>) -> Option<Value> {
    let mut known: FxHashMap<Id, Value> = FxHashMap::default();
    let mut stack = vec![root];
    while let Some(&node) = stack.last() {
        let before = stack.len();
        stack.extend(needed(node).into_iter().filter(|s| !known.contains_key(&s.id())));
        if stack.len() > before {
            continue;
        }
        stack.pop();
        if !known.contains_key(&node.id()) {
            known.insert(node.id(), compute(node, &known, value)?);
        }
    }
    known.get(&root.id()).copied()
}

/// What must be known to compute `node`.
fn needed<'g>(node: Uop<'g>) -> Vec<Uop<'g>> {
    match node.op() {
        op if op.is_alu() => node.srcs().collect(),
        Op::Load => node.src(0).srcs().skip(1).chain(node.srcs().skip(1)).collect(),
        Op::Reduce => node.srcs().skip(1).map(|range| range.src(0)).collect(),
        _ => vec![],
    }
}

fn compute<'g>(node: Uop<'g>, known: &FxHashMap<Id, Value>, value: &dyn Fn(Uop<'g>) -> Option<Value>) -> Option<Value> {
    match node.op() {
        Op::Const => node.as_const(),
        Op::Load => load(node, known, value),
        Op::Reduce => reduce(node, known, value),
        op if op.is_alu() => {
            let args: Option<Vec<Value>> = node.srcs().map(|s| known.get(&s.id()).copied()).collect();
            eval(op, node.dtype(), &args?)
        }
        _ => value(node),
    }
}

fn load<'g>(node: Uop<'g>, known: &FxHashMap<Id, Value>, value: &dyn Fn(Uop<'g>) -> Option<Value>) -> Option<Value> {
    let address = node.src(0);
    if address.arity() == 3 && !known.get(&address.src(2).id())?.is_true() {
        return node.srcs().nth(1).and_then(|other| known.get(&other.id()).copied());
    }
    let at = address.src(1).like(*known.get(&address.src(1).id())?);
    value(address.src(0).element(at, None).load())
}

/// Loops over the ranges by recursion into the body, as deep as reductions are nested.
fn reduce<'g>(node: Uop<'g>, known: &FxHashMap<Id, Value>, value: &dyn Fn(Uop<'g>) -> Option<Value>) -> Option<Value> {
    let Arg::Op(op) = *node.arg() else { return None };
    let ranges: Vec<Uop<'g>> = node.srcs().skip(1).collect();
    let sizes: Option<Vec<i128>> = ranges.iter().map(|r| known.get(&r.src(0).id())?.as_int()).collect();
    let sizes = sizes?;
    let mut total = neutral(op, node.dtype())?;
    for point in 0..sizes.iter().product::<i128>() {
        let mut rest = point;
        let place = |size: &i128| {
            let at = rest % size;
            rest /= size;
            Value::Int(at)
        };
        let places: Vec<Value> = sizes.iter().map(place).collect();
        let inner = |node: Uop<'g>| match ranges.iter().position(|r| *r == node) {
            Some(i) => Some(places[i]),
            None => value(node),
        };
        total = eval(op, node.dtype(), &[total, evaluate(node.src(0), &inner)?])?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Axis, Graph};

    #[test]
    fn reductions_loop_and_memory_is_the_callers() {
        let g = Graph::new();
        let (i, k) = (g.range(g.index(3), Axis::Loop), g.range(g.index(4), Axis::Reduce));
        let address = g.global(crate::dtype::DType::INDEX, 0).element(i * 4 + k, Some(k.lt(3)));
        let sum = address.load().reduce(Op::Add, &[k]);
        let value = |node: Uop| match node.op() {
            Op::Range => Some(Value::Int(2)),
            Op::Load => Some(Value::Int(node.src(0).src(1).as_int()? * 10)),
            _ => None,
        };
        assert_eq!(evaluate(sum, &value), Some(Value::Int(80 + 90 + 100)));
    }
}
