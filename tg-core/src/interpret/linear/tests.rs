//! Instruction lists written by hand.

use super::*;
use crate::dtype::DType;
use crate::ir::{Arg, Axis, Graph};

fn floats(values: &[f64]) -> Array {
    Array::from_f64(DType::F32, &[values.len()], values).unwrap()
}

/// `out[i] = Σ_k x[i*cols + k]`, with its loops, as a lowering would list it.
fn row_sums<'g>(g: &'g Graph, rows: i64, cols: i64) -> Vec<Uop<'g>> {
    let (out, x) = (g.global(DType::F32, 0), g.global(DType::F32, 1));
    let (rows, width) = (g.index(rows), g.index(cols));
    let (i, k) = (g.range(rows, Axis::Loop), g.range(width, Axis::Reduce));
    let zero = g.constant(DType::F32, 0.0);
    let acc = g.node(Op::DefineAcc, DType::F32, &[zero, k], Arg::Slot(0));
    let (base, address) = (i * width, x.element(i * width + k, None));
    let (value, target) = (address.load(), out.element(i, None));
    let sum = acc + value;
    let update = g.node(Op::UpdateAcc, DType::F32, &[acc, sum], Arg::None);
    let end = |range| g.node(Op::Endrange, DType::VOID, &[range], Arg::None);
    let store = target.store(acc, &[]);
    let body = [k, base + k, address, value, sum, update, end(k)];
    [&[out, x, rows, width, zero, i, acc, base], &body[..], &[target, store, end(i)]].concat()
}

fn run(list: &[Uop], buffers: &mut [Array]) -> Result<(), Error> {
    run_linear(list, buffers, &|v| v.max)
}

#[test]
fn accumulators_restart_with_each_outer_iteration() {
    let g = Graph::new();
    let mut memory = [floats(&[9.; 2]), floats(&[1., 2., 3., 4., 5., 6.])];
    run(&row_sums(&g, 2, 3), &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [6., 15.]);
}

#[test]
fn empty_loops_are_skipped() {
    let g = Graph::new();
    let mut memory = [floats(&[9.; 2]), floats(&[])];
    run(&row_sums(&g, 2, 0), &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [0., 0.]);
    run(&row_sums(&g, 0, 3), &mut memory).unwrap();
}

#[test]
fn reads_and_writes_happen_in_order() {
    let g = Graph::new();
    let (x, at) = (g.global(DType::F32, 0), g.index(0));
    let address = x.element(at, None);
    let (first, two) = (address.load(), g.constant(DType::F32, 2.0));
    let (doubled, after) = (first * two, g.node(Op::Load, DType::F32, &[address, two], Arg::None));
    let write = address.store(doubled, &[]);
    let again = address.store(after + first, &[]);
    let list = [x, at, address, first, two, doubled, write, after, after + first, again];
    let mut memory = [floats(&[5.])];
    run(&list, &mut memory).unwrap();
    assert_eq!(memory[0].to_f64(), [15.]);
}

#[test]
fn broken_lists_are_errors() {
    let g = Graph::new();
    let list = row_sums(&g, 2, 3);
    let mut memory = [floats(&[0.; 2]), floats(&[0.; 6])];
    let without = |op: Op, memory: &mut [Array]| {
        let list: Vec<Uop> = list.iter().copied().filter(|n| n.op() != op).collect();
        run(&list, memory).unwrap_err().to_string()
    };
    assert!(without(Op::Endrange, &mut memory).contains("no ENDRANGE"));
    assert!(without(Op::Range, &mut memory).contains("before it has a value"));
    assert!(without(Op::DefineAcc, &mut memory).contains("before it has a value"));
    assert!(without(Op::Const, &mut memory).contains("before it has a value"));
    memory[1].data.truncate(4);
    assert!(run(&list, &mut memory).unwrap_err().to_string().contains("element 4 of 4"));
}
