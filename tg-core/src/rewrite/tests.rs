//! The engine, with rules made for the purpose.

use std::sync::Arc;

use crate::dtype::DType;
use crate::ir::{Arg, Graph, Op, Uop};
use crate::rewrite::{Class, Found, Hole, Pat, Pattern, Rewriter, konst, node};
use crate::rules;

rules! {
    fn shrinking;
    drop_zero  [x]           x + 0                    => x;
    twice      [x, a]        x * konst(a) + x         => x * (a + 1);
    halve      [x: float]    x.fdiv(2)                => x * 0.5;
    even       [x, a]        x % konst(a)             => x.like(0), if a.as_int() == Some(2);
    first      [n]           node(Op::Max).named(n)   => smaller(n)?;
}

rules! {
    fn endless: int;
    /// Each makes what the other takes.
    there  [x, y]  x - y  => x + -y;
    back   [x, y]  x + -y => x - y;
}

fn smaller(node: Uop<'_>) -> Option<Uop<'_>> {
    (node.src(0).vmin() >= 5).then(|| node.src(0))
}

fn x(g: &Graph, dtype: DType) -> Uop<'_> {
    g.node(Op::Buffer, dtype, &[], Arg::Buffer(0, vec![]))
}

#[test]
fn patterns_match_commuted_and_by_class() {
    let g = Graph::new();
    let set = Arc::new(shrinking());
    let mut rewriter = Rewriter::traced(set);
    let (i, f) = (x(&g, DType::I32), x(&g, DType::F32));
    let cases = [
        (i + i * 3, i * (g.constant(DType::I32, 3) + 1)),
        (i * 3 + i, i * (g.constant(DType::I32, 3) + 1)),
        (f / 2.0, f * 0.5),
        (i / 2, i / 2),
        (i % 2, i.like(0)),
        (i % 3, i % 3),
        ((i + 0) * 7 + 0, i * 7),
    ];
    for (before, after) in cases {
        assert_eq!(rewriter.rewrite(before).ok(), Some(after), "{before:?}");
    }
    let fired: Vec<&str> = rewriter.trace().iter().map(|s| s.rule).collect();
    assert_eq!(fired, ["twice", "twice", "halve", "even", "drop_zero", "drop_zero"]);
}

#[test]
fn holes_that_stand_twice_need_one_node() {
    let g = Graph::new();
    let (a, b) = (Hole { index: 0, class: Class::Any }, Hole { index: 1, class: Class::Int });
    let pattern: Pat = (a + b) * a;
    let matches = |n: Uop<'_>| pattern.matches(n, &mut Found::default());
    let (i, j) = (x(&g, DType::I32), g.constant(DType::I32, 3));
    assert!(matches((i + j) * i) && !matches((i + j) * j) && !matches((i + i).maximum(i)));
    assert_eq!(pattern.variants().len(), 2);
}

#[test]
fn rules_without_end_are_named() {
    let g = Graph::new();
    let mut rewriter = Rewriter::new(Arc::new(shrinking() + endless()));
    let i = x(&g, DType::I32);
    let message = rewriter.rewrite(i - i * 2).unwrap_err().to_string();
    assert!(message.contains("endless::there") && message.contains("endless::back"), "{message}");
}

#[test]
fn the_shape_of_a_tensor_is_never_lost() {
    let g = Graph::new();
    let buffer = g.buffer(DType::I32, vec![3.into()]);
    assert_eq!(Rewriter::new(Arc::new(shrinking())).rewrite(buffer % 2).ok(), Some(buffer % 2));
}
