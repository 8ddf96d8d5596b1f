//! What has to come out, case by case.

use super::{simplest, text};
use crate::dim::{Dim, Var};
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Graph, Op, Uop, Value};
use crate::symbolic::simplify;

/// Ranges `i` over 8, `j` over 4, `k` over 3, a variable `n`, a condition and a float from outside.
struct Names<'g> {
    g: &'g Graph,
    i: Uop<'g>,
    j: Uop<'g>,
    k: Uop<'g>,
    n: Uop<'g>,
    c: Uop<'g>,
    f: Uop<'g>,
}

fn names(g: &Graph) -> Names<'_> {
    let range = |size| g.range(g.index(size), Axis::Loop);
    let var = |name: &str, dtype| g.node(Op::DefineVar, dtype, &[], Arg::Var(Var::new(name, 0, 1)));
    Names {
        g,
        i: range(8),
        j: range(4),
        k: range(3),
        n: g.dim(&Dim::from(Var::new("N", 1, 4096))),
        c: var("c", DType::BOOL),
        f: var("f", DType::F32),
    }
}

/// Both sides have one simplest form.
fn check(cases: impl for<'g> Fn(&Names<'g>) -> Vec<(Uop<'g>, Uop<'g>)>) {
    let g = Graph::new();
    for (at, (left, right)) in cases(&names(&g)).into_iter().enumerate() {
        let (found, wanted) = (simplest(left), simplest(right));
        assert_eq!(found, wanted, "case {at}: {} became {}, not {}", text(left), text(found), text(wanted));
    }
}

#[test]
fn three_times_five_plus_two_is_seventeen() {
    let g = Graph::new();
    for dtype in [DType::I32, DType::INDEX, DType::F32, DType::U8] {
        assert_eq!(simplify(g.constant(dtype, 3) * 5 + 2), g.constant(dtype, 17));
    }
}

#[test]
fn deep_expressions_need_no_deep_stack() {
    let g = Graph::new();
    let x = g.constant(DType::F32, 1.5).bitcast(DType::I32);
    let deep = (0..50_000).fold(x, |e, _| e + 1);
    assert_eq!(simplify(deep), x + 50_000);
}

#[test]
fn sums_collect() {
    check(|&Names { g, i, j, n, .. }| {
        vec![
            (i * 2 + i * 3, i * 5),
            (i + j + 3 + i - 1, i * 2 + j + 2),
            (i - i, g.index(0)),
            (-(i - j) + i, j),
            ((i + 1) * 4 - i * 4, g.index(4)),
            ((i + j) * n - j * n, i * n),
            ((n + 1) * (n - 1) + 1, n * n),
        ]
    });
}

#[test]
fn quotients_and_remainders_of_sums() {
    check(|&Names { g, i, j, k, n, .. }| {
        vec![
            ((j * 8 + i) / 8, j),
            ((j * 8 + i) % 8, i),
            ((k * 6 + j) / 3, k * 2 + j / 3),
            ((i * 4 + j) / 12, i / 3),
            ((i * 4 + j) % 12, i % 3 * 4 + j),
            (i / 2 / 2, i / 4),
            (i * 3 % 24 / 3, i),
            ((i * 5 + 3) % 5, g.index(3)),
            (i % 6 % 3, i % 3),
            (i % 6 / 3, i / 3 % 2),
            (i / 4 * 4 + i % 4, i),
            ((i * 9 + j) % 8, (i + j) % 8),
            ((i * 9 + j) % 10, (j - i) % 10),
            ((i * 9 + j) / 10, i + (j - i) / 10),
            ((i + 8) / 8, g.index(1)),
            ((i - 8) / 8, g.index(-1)),
            ((i - 8) % 8, i),
            ((g.index(7) - i) / 8, g.index(0)),
            ((n * 4 + j) / 4, n),
            ((i * 4 * n + j * n) / (n * 4), (i * 4 + j) / 4),
            ((i / 2 + 3) / 2, (i + 6) / 4),
        ]
    });
}

#[test]
fn comparisons() {
    check(|&Names { g, i, j, n, .. }| {
        let (yes, no) = (g.constant(DType::BOOL, true), g.constant(DType::BOOL, false));
        let r = g.range(n, Axis::Loop);
        vec![
            (i.lt(8), yes),
            (i.lt(0), no),
            (r.lt(n), yes),
            ((r + n).lt(n), no),
            ((i * 4 + j).lt(12), i.lt(3)),
            ((i * 4 - j).lt(1), i.lt(1)),
            ((i * 4 - j).lt(2), (i * 4 - j).lt(2)),
            ((i * 6).lt(20), i.lt(4)),
            ((i / 2).lt(2), i.lt(4)),
            ((i / 2 - j).lt(2), (i - j * 2).lt(4)),
            (((i - j) % 12).lt(5), (i - j).lt(5) & !(i - j).lt(0)),
            (((i - j) % (n + 8)).lt(n), (i - j - n).lt(0) & !(i - j).lt(0)),
            (((i - j) % 12).lt(10), ((i - j) % 12).lt(10)),
            ((i + 3).lt(7), i.lt(4)),
            ((-i).lt(-3), !i.lt(4)),
            ((i * 2).equals(5), no),
            ((i * 2 + 1).equals(5), i.equals(2)),
            ((i * 4 + j).equals(40), no),
            (!i.equals(3), i.differs(3)),
            (i.equals(i), yes),
        ]
    });
}

#[test]
fn conditions() {
    check(|&Names { g, i, j, c, .. }| {
        let (yes, no) = (g.constant(DType::BOOL, true), g.constant(DType::BOOL, false));
        vec![
            (i.lt(3) & i.lt(5), i.lt(3)),
            (i.lt(3) & !i.lt(5), no),
            (!i.lt(3) & !i.lt(1) & i.lt(6), !i.lt(3) & i.lt(6)),
            ((i + j).lt(20) & c, c),
            (j.lt(2) & (i + j).lt(9), j.lt(2)),
            (c & !c, no),
            (c | !c, yes),
            (c & c & i.lt(3) & c, c & i.lt(3)),
            (c.choose(yes, no), c),
            (c.cast(DType::I32).cast(DType::BOOL), c),
            (c.cast(DType::I32).differs(0), c),
            ((!c).choose(i, j), c.choose(j, i)),
            (c.choose(c.choose(i, j), i * 2), c.choose(i, i * 2)),
            (i.lt(4).choose(i % 4, g.index(9)), i.lt(4).choose(i, g.index(9))),
            (i.lt(4).choose(g.index(9), i / 4), i.lt(4).choose(g.index(9), g.index(1))),
            (i.lt(4) & (i % 4 + j).lt(5), i.lt(4) & (i + j).lt(5)),
            // What is known of i - 2j decides i/2 - j.
            (
                range_of_quotient(i, j).choose((i / 2 - j) % 3, g.index(9)),
                range_of_quotient(i, j).choose(i / 2 - j, g.index(9)),
            ),
        ]
    });
}

/// `0 <= i - 2j < 6`.
fn range_of_quotient<'g>(i: Uop<'g>, j: Uop<'g>) -> Uop<'g> {
    (i - j * 2).lt(6) & !(i - j * 2).lt(0)
}

#[test]
fn a_loop_of_two_iterations_needs_no_division() {
    let g = Graph::new();
    let i = g.range(g.index(2), Axis::Loop);
    for (divided, line) in [((i + 1) / 2, i), ((i + 1) % 2, -i + 1), ((i * 5 + 3) / 4, i * 2), ((i * 3) % 2, i)] {
        assert_eq!(simplest(divided), simplest(line), "{}", text(divided));
    }
}

#[test]
fn guarded_loads() {
    check(|&Names { g, i, j, .. }| {
        let p = g.global(DType::F32, 0);
        let guarded = |at, valid| p.element(at, Some(valid)).load();
        let zero = g.constant(DType::F32, 0);
        vec![
            (guarded(i, i.lt(8)), p.element(i, None).load()),
            (guarded(i, i.lt(0)), zero),
            (guarded((i * 4 + j) % 16, i.lt(4)), guarded(i * 4 + j, i.lt(4))),
            (guarded((i + j) % 4, (i + j).lt(4)), guarded(i + j, (i + j).lt(4))),
            (guarded((i - 4) % 8, !i.lt(4)), guarded(i - 4, !i.lt(4))),
            (i.lt(4).choose(guarded(i, i.lt(4)), 0), guarded(i, i.lt(4))),
        ]
    });
}

#[test]
fn a_selection_does_not_make_unguarded_memory_accesses() {
    let g = Graph::new();
    let Names { i, .. } = names(&g);
    let load = g.global(DType::F32, 0).element(i % 4, None).load();
    let chosen = i.lt(4).choose(load, 0);
    assert_eq!(simplest(chosen), chosen, "the load happens for every i: its address must stay below 4");
}

#[test]
fn floats_keep_what_ieee_says() {
    check(|&Names { g, f, .. }| {
        let (zero, inf) = (g.constant(DType::F32, 0), g.constant(DType::F32, f64::INFINITY));
        vec![
            (f * 0.0, f * 0.0),
            (f - f, f - f),
            (f.equals(f), f.equals(f)),
            (f / f, f / f),
            (f + 1 + 2, f + 1 + 2),
            (f * 1, f),
            (f * -1, -f),
            (f + 0, f),
            (-(-f), f),
            (zero + inf, inf),
            (f.cast(DType::F64).cast(DType::F32), f),
            (f.cast(DType::F16).cast(DType::F32), f.cast(DType::F16).cast(DType::F32)),
        ]
    });
}

#[test]
fn wrapping_integers_keep_wrapping() {
    let g = Graph::new();
    let x = g.node(Op::DefineVar, DType::U8, &[], Arg::Var(Var::new("x", 0, 255)));
    for kept in [(x * 2) / 2, (x + 1).lt(9), (x * 4 + 3) / 4, x.cast(DType::I8).cast(DType::I32)] {
        assert_eq!(simplest(kept), kept, "{}", text(kept));
    }
    assert_eq!(simplest((x + 200) + 100), x + Value::Int(44));
    assert_eq!(simplest((x + 7).equals(3)), x.equals(252));
}
