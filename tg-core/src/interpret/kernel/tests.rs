//! Kernels written by hand, against what they should leave in memory.

use super::*;
use crate::dtype::Space;
use crate::ir::{Arrangement, Axis, Graph};

fn floats(values: &[f64]) -> Array {
    Array::from_f64(DType::F32, &[values.len()], values).unwrap()
}

fn run(stores: &[Uop], buffers: &mut [Array]) -> Result<(), Error> {
    run_kernel(stores[0].graph().sink(stores), buffers, &|v| v.max)
}

fn loops<'g, const N: usize>(g: &'g Graph, sizes: [i64; N], axis: Axis) -> [Uop<'g>; N] {
    sizes.map(|n| g.range(g.index(n), axis))
}

#[test]
fn a_contraction_multiplies_matrices() {
    let g = Graph::new();
    let ([i, j], [k]) = (loops(&g, [2, 2], Axis::Loop), loops(&g, [3], Axis::Reduce));
    let (c, a, b) = (g.global(DType::F32, 0), g.global(DType::F32, 1), g.global(DType::F32, 2));
    let product = a.element(i * 3 + k, None).load() * b.element(k * 2 + j, None).load();
    let store = c.element(i * 2 + j, None).store(product.reduce(Op::Add, &[k]), &[i, j]);
    let mut memory = [floats(&[0.; 4]), floats(&[1., 2., 3., 4., 5., 6.]), floats(&[1., 2., 3., 4., 5., 6.])];
    run(&[store], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [22., 28., 49., 64.]);
}

#[test]
fn dependent_reductions_make_a_softmax() {
    let g = Graph::new();
    let [i, j] = loops(&g, [2, 3], Axis::Parallel);
    let [k, l] = loops(&g, [3, 3], Axis::Reduce);
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let at = |c| x.element(i * 3 + c, None).load();
    let largest = at(k).reduce(Op::Max, &[k]);
    let power = |c| (at(c) - largest).unary(Op::Exp2);
    let store = out.element(i * 3 + j, None).store(power(j) / power(l).reduce(Op::Add, &[l]), &[i, j]);
    let mut memory = [floats(&[0.; 6]), floats(&[0., 1., 2., 5., 5., 5.])];
    run(&[store], &mut memory).unwrap();
    let expected = floats(&[1. / 7., 2. / 7., 4. / 7., 1. / 3., 1. / 3., 1. / 3.]);
    assert_eq!(memory[0], expected);
}

#[test]
fn reads_see_the_memory_from_before_the_kernel() {
    let g = Graph::new();
    let [i] = loops(&g, [2], Axis::Loop);
    let (m, w) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let momentum = m.element(i, None).load() * 2.0;
    let stores = [m.element(i, None).store(momentum, &[i]), w.element(i, None).store(momentum + 1.0, &[i])];
    let mut memory = [floats(&[1., 2.]), floats(&[0., 0.])];
    run(&stores, &mut memory).unwrap();
    assert_eq!((memory[0].to_f64(), memory[1].to_f64()), (vec![2., 4.], vec![3., 5.]));
}

#[test]
fn scratch_is_filled_once_per_outer_point_and_read_after() {
    let g = Graph::new();
    let ([i, j, fill], [k]) = (loops(&g, [2, 2, 3], Axis::Loop), loops(&g, [3], Axis::Reduce));
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let scratch = g.node(Op::DefineLocal, DType::F32.pointer(Space::Local), &[], Arg::Local(0, 3, Arrangement::Plain));
    let staged = scratch.element(fill, None).store(x.element(i * 3 + fill, None).load() * 10.0, &[fill]);
    let ready = g.node(Op::After, scratch.dtype(), &[scratch, staged], Arg::None);
    let sum = ready.element(k, None).load().reduce(Op::Add, &[k]);
    let store = out.element(i * 2 + j, None).store(sum + j.cast(DType::F32), &[i, j]);
    let mut memory = [floats(&[0.; 4]), floats(&[1., 2., 3., 4., 5., 6.])];
    run(&[store], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [60., 61., 150., 151.]);
    let unwritten = out.element(i, None).store(scratch.element(i, None).load(), &[i]);
    assert!(run(&[unwritten], &mut memory).unwrap_err().to_string().contains("never written"));
}

#[test]
fn memory_can_accumulate_through_after() {
    let g = Graph::new();
    let ([z], [k]) = (loops(&g, [1], Axis::Loop), loops(&g, [4], Axis::Reduce));
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let cleared = out.element(z, None).store(g.constant(DType::F32, 0.0), &[z]);
    let ready = g.node(Op::After, out.dtype(), &[out, cleared], Arg::None);
    let total = ready.element(g.index(0), None).load() + x.element(k, None).load();
    let mut memory = [floats(&[99.]), floats(&[1., 2., 3., 4.])];
    run(&[ready.element(g.index(0), None).store(total, &[k])], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [10.]);
}

#[test]
fn vectors_are_consecutive_elements() {
    let g = Graph::new();
    let [i] = loops(&g, [2], Axis::Loop);
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let four = DType::F32.vec(4);
    let lanes = g.node(Op::Load, four, &[x.element(i * 4, None)], Arg::None);
    let scaled = g.node(Op::Mul, four, &[lanes, g.constant(DType::F32, 2.0)], Arg::None);
    let order: Vec<Uop> = [3, 2, 1, 0].map(|l| scaled.lane(l)).to_vec();
    let reversed = g.node(Op::Vectorize, four, &order, Arg::None);
    let mut memory = [floats(&[0.; 8]), floats(&[1., 2., 3., 4., 5., 6., 7., 8.])];
    run(&[out.element(i * 4, None).store(reversed, &[i])], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [8., 6., 4., 2., 16., 14., 12., 10.]);
}

#[test]
fn what_may_not_be_accessed_is_not() {
    let g = Graph::new();
    let [i] = loops(&g, [4], Axis::Loop);
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let padded = x.element(i - 1, Some(i.ge(1) & i.lt(3))).load();
    let mut memory = [floats(&[7.; 4]), floats(&[1., 2.])];
    run(&[out.element(i, Some(i.lt(3))).store(padded, &[i])], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [0., 1., 2., 7.]);
    let beyond = out.element(i, None).store(x.element(i, None).load(), &[i]);
    let error = run(&[beyond], &mut memory).unwrap_err();
    assert_eq!(error.node, Some(beyond.src(1).src(0).id()));
    assert!(error.to_string().contains("INDEX") && error.to_string().contains("element 2 of 2"), "{error}");
}

#[test]
fn loops_may_be_empty_and_ranges_must_be_open() {
    let g = Graph::new();
    let ([i], [k]) = (loops(&g, [1], Axis::Loop), loops(&g, [0], Axis::Reduce));
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let nothing = x.element(k, None).load().reduce(Op::Max, &[k]);
    let mut memory = [floats(&[0.]), floats(&[1.])];
    run(&[out.element(i, None).store(nothing, &[i])], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [f64::NEG_INFINITY]);
    let open = out.element(i, None).store(x.element(i, None).load(), &[]);
    assert!(run(&[open], &mut memory).unwrap_err().to_string().contains("used outside its loop"));
    let missing = g.global(DType::F32, 9).element(i, None).store(nothing, &[i]);
    assert!(run(&[missing], &mut memory).unwrap_err().to_string().contains("no buffer given"));
}

#[test]
fn a_range_that_nothing_varies_with_still_runs() {
    let g = Graph::new();
    let ([i], [k]) = (loops(&g, [1], Axis::Loop), loops(&g, [3], Axis::Reduce));
    let out = g.global(DType::F32, 0);
    let sum = g.constant(DType::F32, 2.0).reduce(Op::Add, &[k]);
    let mut memory = [floats(&[0.])];
    run(&[out.element(g.index(0), None).store(sum, &[i])], &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [6.]);
}
