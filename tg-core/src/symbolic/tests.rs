//! Textbook cases.

use crate::dtype::DType;
use crate::ir::Graph;
use crate::symbolic::simplify;

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
