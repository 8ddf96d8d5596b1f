//! Closed forms of reductions, case by case. That they are right is checked by `every_rule`.

use super::{simplest, text};
use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Axis, Graph, Op, Uop};

fn has_loop(root: Uop<'_>) -> bool {
    root.toposort().iter().any(|n| n.op() == Op::Reduce)
}

#[test]
fn sums_over_conditions_on_the_range_need_no_loop() {
    let g = Graph::new();
    let (r, i) = (g.range(g.index(8), Axis::Reduce), g.range(g.index(8), Axis::Loop));
    let n = g.dim(&Dim::from(Var::new("N", 1, 64)));
    let rn = g.range(n, Axis::Reduce);
    let (one, three) = (g.constant(DType::F32, 1), g.constant(DType::I32, 3));
    let cases = [
        (r.lt(i).choose(one, 0).reduce(Op::Add, &[r]), i.cast(DType::F32)),
        (r.lt(i + 1).choose(three, 0).reduce(Op::Add, &[r]), (i + 1).cast(DType::I32) * 3),
        ((!r.lt(i)).choose(g.index(1), 0).reduce(Op::Add, &[r]), -i + 8),
        ((r + i).lt(8).choose(g.index(1), 0).reduce(Op::Add, &[r]), -i + 8),
        (r.lt(i).cast(DType::INDEX).reduce(Op::Add, &[r]), i),
        (r.lt(i).choose(g.index(0), 2).reduce(Op::Add, &[r]), -i * 2 + 16),
        (i.cast(DType::F32).reduce(Op::Add, &[r]), i.cast(DType::F32) * 8.0),
        (n.reduce(Op::Add, &[rn]), n * n),
        ((r * 2).lt(i).choose(g.index(1), 0).reduce(Op::Add, &[r]), (i + 1) / 2),
    ];
    for (left, right) in cases {
        assert_eq!(simplest(left), simplest(right), "{} became {}", text(left), text(simplest(left)));
    }
}

#[test]
fn the_largest_of_equals_needs_no_loop() {
    let g = Graph::new();
    let (r, i) = (g.range(g.index(8), Axis::Reduce), g.range(g.index(8), Axis::Loop));
    let (value, truth) = (i.cast(DType::F32), i.lt(3));
    assert_eq!(simplest(value.reduce(Op::Max, &[r])), value);
    assert_eq!(simplest(truth.reduce(Op::Mul, &[r])), truth);
    assert!(has_loop(simplest(value.reduce(Op::Mul, &[r]))));
}

#[test]
fn a_one_hot_sum_is_a_guarded_load() {
    let g = Graph::new();
    let (r, i) = (g.range(g.index(10), Axis::Reduce), g.range(g.index(4), Axis::Loop));
    let (table, labels) = (g.global(DType::F32, 0), g.global(DType::I32, 1));
    let label = labels.element(i, None).load();
    let e = label.cast(DType::INDEX);
    let row = |at: Uop<'_>| table.element(g.get(at.id()) * 4 + i, None).load();
    let wanted = {
        let inside = e.ge(0) & e.lt(10);
        let load = table.element(e * 4 + i, Some(inside)).load();
        simplest(load)
    };
    for condition in [r.equals(e), e.equals(r), r.cast(DType::I32).equals(label), label.equals(r.cast(DType::I32))] {
        let sum = condition.choose(row(r), 0).reduce(Op::Add, &[r]);
        let found = simplest(sum);
        assert_eq!(found, wanted, "{} became {}", text(sum), text(found));
    }
}

#[test]
fn only_the_selected_range_is_closed() {
    let g = Graph::new();
    let (r, s) = (g.range(g.index(10), Axis::Reduce), g.range(g.index(5), Axis::Reduce));
    let i = g.range(g.index(10), Axis::Loop);
    let body = r.equals(i).choose(g.global(DType::F32, 0).element(r * 5 + s, None).load(), 0);
    let found = simplest(body.reduce(Op::Add, &[r, s]));
    let wanted = g.global(DType::F32, 0).element(i * 5 + s, None).load().reduce(Op::Add, &[s]);
    assert_eq!(found, simplest(wanted), "{}", text(found));
    let kept = g.global(DType::F32, 0).element(r, None).load().reduce(Op::Add, &[r]);
    assert!(has_loop(simplest(kept)));
    let largest = r.lt(i).choose(g.constant(DType::F32, 1), 0).reduce(Op::Max, &[r]);
    assert!(has_loop(simplest(largest)), "a maximum does not count");
}
