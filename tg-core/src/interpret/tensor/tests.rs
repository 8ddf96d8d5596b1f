//! The tensor interpreter against definitions written a second time, by scattering instead of gathering,
//! and against the edge cases of every family of ops.

use std::collections::BTreeMap;

use super::*;
use crate::dtype::DType;
use crate::ir::Graph;

/// xorshift64*: tests need repeatable variety, not quality.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

fn run(root: Uop, buffers: &[Array]) -> Result<Array, Error> {
    let mut all = evaluate(&[root], &|n| buffers.get(n as usize).cloned(), &|v| v.max)?;
    Ok(all.remove(0))
}

fn dims(shape: &[usize]) -> Vec<Dim> {
    shape.iter().map(|&n| Dim::from(n as i64)).collect()
}

fn buffer<'g>(g: &'g Graph, array: &Array) -> Uop<'g> {
    g.buffer(array.dtype, dims(&array.shape))
}

fn movement_node<'g>(op: Op, src: Uop<'g>, arg: Arg) -> Uop<'g> {
    src.graph().node(op, src.dtype(), &[src], arg)
}

/// Values by coordinates: the slow, obvious representation.
type Points = BTreeMap<Vec<usize>, Value>;

fn points(shape: &[usize]) -> Vec<Vec<usize>> {
    let grow = |all: Vec<Vec<usize>>, &n: &usize| {
        all.into_iter().flat_map(|at| (0..n).map(move |i| [at.clone(), vec![i]].concat())).collect()
    };
    shape.iter().fold(vec![vec![]], grow)
}

/// One random movement: its argument, the new shape, and where it sends each point.
fn random_movement(r: &mut Random, op: Op, shape: &[usize], old: &Points) -> (Arg, Vec<usize>, Points) {
    let rank = shape.len();
    let scatter = |f: &dyn Fn(&[usize]) -> Vec<Vec<usize>>| -> Points {
        old.iter().flat_map(|(at, v)| f(at).into_iter().map(|to| (to, *v))).collect()
    };
    match op {
        Op::Permute => {
            let mut axes: Vec<usize> = (0..rank).collect();
            (1..rank).for_each(|i| axes.swap(i, r.below(i + 1)));
            let to = |at: &[usize]| -> Vec<usize> { axes.iter().map(|&a| at[a]).collect() };
            (Arg::Axes(axes.clone()), to(shape), scatter(&|at| vec![to(at)]))
        }
        Op::Flip => {
            let axes: Vec<usize> = (0..rank).filter(|_| r.below(2) == 0).collect();
            let to = |at: &[usize]| {
                (0..rank).map(|a| if axes.contains(&a) { shape[a] - 1 - at[a] } else { at[a] }).collect()
            };
            (Arg::Axes(axes.clone()), shape.to_vec(), scatter(&|at| vec![to(at)]))
        }
        Op::Expand => {
            let new: Vec<usize> = shape.iter().map(|&n| if n == 1 { r.below(4) } else { n }).collect();
            let copies = |at: &[usize]| -> Vec<Vec<usize>> {
                let agrees = |to: &Vec<usize>| (0..rank).all(|a| shape[a] == 1 || to[a] == at[a]);
                points(&new).into_iter().filter(agrees).collect()
            };
            (Arg::Shape(dims(&new)), new.clone(), scatter(&copies))
        }
        Op::Pad => {
            let pairs: Vec<(usize, usize)> = (0..rank).map(|_| (r.below(3), r.below(3))).collect();
            let new: Vec<usize> = (0..rank).map(|a| shape[a] + pairs[a].0 + pairs[a].1).collect();
            let mut all: Points = points(&new).into_iter().map(|at| (at, Value::Float(0.0))).collect();
            all.extend(scatter(&|at| vec![(0..rank).map(|a| at[a] + pairs[a].0).collect()]));
            (pair_arg(&pairs), new, all)
        }
        Op::Shrink => {
            let begin: Vec<usize> = shape.iter().map(|&n| r.below(n + 1)).collect();
            let end: Vec<usize> = (0..rank).map(|a| begin[a] + r.below(shape[a] - begin[a] + 1)).collect();
            let kept = |at: &[usize]| (0..rank).all(|a| begin[a] <= at[a] && at[a] < end[a]);
            let to = |at: &[usize]| (0..rank).map(|a| at[a] - begin[a]).collect();
            let pairs: Vec<_> = begin.iter().copied().zip(end.iter().copied()).collect();
            let new = (0..rank).map(|a| end[a] - begin[a]).collect();
            (pair_arg(&pairs), new, scatter(&|at| if kept(at) { vec![to(at)] } else { vec![] }))
        }
        _ => {
            let total: usize = shape.iter().product();
            let fits: Vec<usize> = (1..=total).filter(|n| total.is_multiple_of(*n)).collect();
            let new = if total == 0 {
                vec![3, 0]
            } else {
                let n = fits[r.below(fits.len())];
                vec![n, 1, total / n]
            };
            let moved = points(&new).into_iter().zip(old.values().copied()).collect();
            (Arg::Shape(dims(&new)), new, moved)
        }
    }
}

fn pair_arg(pairs: &[(usize, usize)]) -> Arg {
    Arg::Pairs(pairs.iter().map(|&(a, b)| (Dim::from(a as i64), Dim::from(b as i64))).collect())
}

#[test]
fn movement_chains_agree_with_brute_force() {
    const OPS: [Op; 6] = [Op::Permute, Op::Flip, Op::Expand, Op::Pad, Op::Shrink, Op::Reshape];
    let mut r = Random(0x5eed);
    for round in 0..400 {
        let mut shape: Vec<usize> = (0..r.below(4)).map(|_| r.below(5).min(3)).collect();
        let count = shape.iter().product::<usize>();
        let values: Vec<f64> = (1..=count).map(|i| i as f64).collect();
        let array = Array::from_f64(DType::F32, &shape, &values).unwrap();
        let g = Graph::new();
        let mut node = buffer(&g, &array);
        let mut expected: Points = points(&shape).into_iter().zip(array.data.iter().copied()).collect();
        for _ in 0..1 + r.below(4) {
            let op = OPS[r.below(6)];
            let (arg, new, moved) = random_movement(&mut r, op, &shape, &expected);
            if moved.len() > 2000 {
                break;
            }
            node = movement_node(op, node, arg);
            (shape, expected) = (new, moved);
        }
        let got = run(node, &[array]).unwrap();
        assert_eq!(got.shape, shape, "round {round}: {node:?}");
        assert_eq!(got.data, expected.into_values().collect::<Vec<_>>(), "round {round}: {node:?}");
    }
}

fn window(shape: &[i64], strides: &[i64], offset: i64, mask: Option<&[(i64, i64)]>) -> View {
    let dims = |v: &[i64]| v.iter().map(|&d| Dim::from(d)).collect();
    let mask = mask.map(|m| m.iter().map(|&(a, b)| (a.into(), b.into())).collect());
    View { shape: dims(shape), strides: dims(strides), offset: offset.into(), mask }
}

#[test]
fn views_read_through_strides_masks_and_stacks() {
    let array = Array::from_f64(DType::F32, &[3, 2], &[1., 2., 3., 4., 5., 6.]).unwrap();
    let read = |views: Vec<View>| {
        let g = Graph::new();
        let tracker = Arg::View(ShapeTracker { views });
        run(movement_node(Op::View, buffer(&g, &array), tracker), std::slice::from_ref(&array)).map(|a| a.to_f64())
    };
    let frame = [0., 0., 0., 0., 0., 0., 4., 5., 6., 0., 0., 1., 2., 3., 0., 0., 0., 0., 0., 0.];
    let exact = window(&[4, 5], &[-3, 1], 5, Some(&[(1, 3), (1, 4)]));
    assert_eq!(read(vec![exact]).unwrap(), frame, "the textbook view");
    let padded = window(&[5, 4], &[2, 1], -3, Some(&[(1, 4), (1, 3)]));
    let stacked = read(vec![padded, window(&[20], &[1], 0, None)]).unwrap();
    let rows = [[0., 0., 0., 0.], [0., 1., 2., 0.], [0., 3., 4., 0.], [0., 5., 6., 0.], [0., 0., 0., 0.]];
    assert_eq!(stacked, rows.concat());
    assert!(read(vec![window(&[2], &[6], 0, None)]).unwrap_err().to_string().contains("reads element 6 of 6"));
}

fn number(dtype: DType, values: &[f64]) -> Array {
    Array::from_f64(dtype, &[values.len()], values).unwrap()
}

/// `op` on the given operands, as text.
fn apply(op: Op, operands: &[Array]) -> String {
    let g = Graph::new();
    let nodes: Vec<Uop> = operands.iter().map(|a| buffer(&g, a)).collect();
    let result = run(nodes[0].alu(op, &nodes[1..]), operands);
    result.map_or_else(|e| e.to_string(), |a| a.data.iter().map(Value::to_string).collect::<Vec<_>>().join(" "))
}

#[test]
fn elementwise_edge_cases() {
    const NAN: f64 = f64::NAN;
    const INF: f64 = f64::INFINITY;
    let cases: &[(Op, DType, &[&[f64]], &str)] = &[
        (Op::Max, DType::F32, &[&[NAN, 1.0, -INF], &[1.0, NAN, -2.0]], "NaN NaN -2.0"),
        (Op::Max, DType::I8, &[&[-128.0], &[127.0]], "127"),
        (Op::Add, DType::I8, &[&[127.0, -128.0], &[1.0, -1.0]], "-128 127"),
        (Op::Add, DType::U8, &[&[255.0], &[1.0]], "0"),
        (Op::Sub, DType::U32, &[&[0.0], &[1.0]], "4294967295"),
        (Op::Mul, DType::I32, &[&[65536.0], &[65536.0]], "0"),
        (Op::Neg, DType::I8, &[&[-128.0]], "-128"),
        (Op::Neg, DType::F32, &[&[0.0]], "-0.0"),
        (Op::Recip, DType::F32, &[&[0.0, -0.0, INF]], "inf -inf 0.0"),
        (Op::Sqrt, DType::F32, &[&[-1.0, -0.0, 4.0]], "NaN -0.0 2.0"),
        (Op::Exp2, DType::F32, &[&[-INF, 1024.0, 3.0]], "0.0 inf 8.0"),
        (Op::Log2, DType::F32, &[&[0.0, -1.0, 8.0]], "-inf NaN 3.0"),
        (Op::Sin, DType::F32, &[&[INF, 0.0]], "NaN 0.0"),
        (Op::Tanh, DType::F32, &[&[-INF, INF]], "-1.0 1.0"),
        (Op::Erf, DType::F32, &[&[-INF, 0.0]], "-1.0 0.0"),
        (Op::Trunc, DType::F32, &[&[-1.7, 1.7]], "-1.0 1.0"),
        (Op::Fdiv, DType::F32, &[&[0.0, 1.0], &[0.0, 0.0]], "NaN inf"),
        (Op::Idiv, DType::I32, &[&[-7.0], &[2.0]], "-3"),
        (Op::Idiv, DType::INDEX, &[&[-7.0], &[2.0]], "-4"),
        (Op::Idiv, DType::I8, &[&[-128.0], &[-1.0]], "-128"),
        (Op::Mod, DType::I32, &[&[-7.0], &[2.0]], "-1"),
        (Op::Mod, DType::INDEX, &[&[-7.0], &[2.0]], "1"),
        (Op::Mod, DType::F32, &[&[-7.0], &[2.0]], "-1.0"),
        (Op::Pow, DType::F32, &[&[0.0, 2.0], &[0.0, -1.0]], "1.0 0.5"),
        (Op::Cmplt, DType::F32, &[&[NAN, 1.0], &[1.0, 2.0]], "false true"),
        (Op::Cmpne, DType::F32, &[&[NAN, 1.0], &[NAN, 1.0]], "true false"),
        (Op::Cmpeq, DType::F32, &[&[NAN, -0.0], &[NAN, 0.0]], "false true"),
        (Op::And, DType::I32, &[&[6.0], &[-2.0]], "6"),
        (Op::Or, DType::BOOL, &[&[0.0, 1.0], &[0.0, 0.0]], "false true"),
        (Op::Xor, DType::BOOL, &[&[1.0, 1.0], &[0.0, 1.0]], "true false"),
        (Op::Shl, DType::U8, &[&[1.0, 1.0], &[7.0, 8.0]], "128 1"),
        (Op::Shr, DType::I8, &[&[-128.0], &[7.0]], "-1"),
        (Op::Mulacc, DType::U8, &[&[16.0], &[16.0], &[3.0]], "3"),
    ];
    for (op, dtype, operands, expected) in cases {
        let operands: Vec<Array> = operands.iter().map(|v| number(*dtype, v)).collect();
        assert_eq!(apply(*op, &operands), *expected, "{op} {dtype}");
    }
    let choice = [number(DType::BOOL, &[1.0, 0.0]), number(DType::F32, &[1.0, 2.0]), number(DType::F32, &[3.0, NAN])];
    assert_eq!(apply(Op::Where, &choice), "1.0 NaN");
    let by_zero = apply(Op::Idiv, &[number(DType::I32, &[1.0, 1.0]), number(DType::I32, &[1.0, 0.0])]);
    assert!(by_zero.contains("IDIV") && by_zero.contains("element 1"), "{by_zero}");
}

#[test]
fn conversions_saturate_and_bits_are_kept() {
    let g = Graph::new();
    let x = number(DType::F32, &[1e10, -1e10, f64::NAN, -1.9]);
    let node = buffer(&g, &x);
    assert_eq!(
        run(node.cast(DType::I32), std::slice::from_ref(&x)).unwrap().to_i64(),
        [i32::MAX as i64, i32::MIN as i64, 0, -1]
    );
    let one = number(DType::F32, &[1.0]);
    let g = Graph::new();
    assert_eq!(run(buffer(&g, &one).bitcast(DType::U32), &[one]).unwrap().to_i64(), [0x3f80_0000]);
}

fn reduced(op: Op, dtype: DType, shape: &[usize], axes: &[usize], values: &[f64]) -> Array {
    let array = Array::from_f64(dtype, shape, values).unwrap();
    let g = Graph::new();
    let node = g.node(Op::ReduceAxis, dtype, &[buffer(&g, &array)], Arg::Reduce(op, axes.to_vec()));
    run(node, &[array]).unwrap()
}

#[test]
fn reductions_start_right_and_round_once() {
    assert_eq!(reduced(Op::Add, DType::F32, &[2, 3], &[0], &[1., 2., 3., 4., 5., 6.]).to_f64(), [5., 7., 9.]);
    assert_eq!(reduced(Op::Add, DType::F32, &[2, 3], &[0, 1], &[1., 2., 3., 4., 5., 6.]).shape, [1, 1]);
    assert_eq!(reduced(Op::Max, DType::F32, &[3], &[0], &[1., f64::NAN, 3.]).data[0].to_string(), "NaN");
    assert_eq!(reduced(Op::Max, DType::F32, &[0, 2], &[0], &[]).to_f64(), [f64::NEG_INFINITY; 2]);
    assert_eq!(reduced(Op::Max, DType::I8, &[0], &[0], &[]).to_i64(), [-128]);
    assert_eq!(reduced(Op::Max, DType::F8E4M3, &[1], &[0], &[-448.0]).to_f64(), [-448.0]);
    assert_eq!(reduced(Op::Mul, DType::F32, &[0], &[0], &[]).to_f64(), [1.0]);
    assert_eq!(reduced(Op::Add, DType::F32, &[2, 0], &[1], &[]).to_f64(), [0.0, 0.0]);
    assert_eq!(reduced(Op::Add, DType::F32, &[2, 0], &[0], &[]).data, []);
    assert_eq!(reduced(Op::Add, DType::I8, &[2], &[0], &[127., 1.]).to_i64(), [-128]);
    assert_eq!(reduced(Op::Add, DType::F16, &[3], &[0], &[2048., 1., 1.]).to_f64(), [2050.0], "not 2048");
}

#[test]
fn constants_variables_markers_and_roots() {
    let g = Graph::new();
    let n = Dim::from(Var::new("N", 1, 3));
    let iota = g.node(Op::Iota, DType::I32, &[], Arg::Shape(vec![n.clone()]));
    let scaled = iota * 2 + 1;
    let mark = |op, x: Uop<'_>| x.graph().node(op, x.dtype(), &[x], Arg::None).id();
    let detached = g.get(mark(Op::Detach, g.get(mark(Op::Contiguous, scaled))));
    let (target, size) = (g.buffer(DType::I32, vec![n.clone()]), g.dim(&n));
    let assigned = g.node(Op::Assign, DType::I32, &[target, detached], Arg::None);
    let zeros = Array::zeros(DType::I32, &[3]).unwrap();
    let all = evaluate(&[g.sink(&[assigned, size]), scaled], &|_| Some(zeros.clone()), &|v| v.max).unwrap();
    let values: Vec<Vec<i64>> = all.iter().map(Array::to_i64).collect();
    assert_eq!(values, [vec![1, 3, 5], vec![3], vec![1, 3, 5]]);
}

#[test]
fn errors_name_the_node() {
    let g = Graph::new();
    let (x, y) = (g.buffer(DType::F32, dims(&[2])), g.buffer(DType::F32, dims(&[3])));
    let two = number(DType::F32, &[1.0, 2.0]);
    let fails = |root, buffers: &[Array]| run(root, buffers).unwrap_err().to_string();
    assert!(fails(x, &[]).contains("no contents given"));
    assert!(fails(x, &[number(DType::F64, &[1., 2.])]).contains("its contents are f64 [2]"));
    assert!(fails(x + y, &[two.clone(), number(DType::F32, &[1., 2., 3.])]).contains("do not fit together"));
    assert!(fails(g.global(DType::F32, 0), &[two]).contains("not an op of the tensor stage"));
    let negative = g.node(Op::Iota, DType::I32, &[], Arg::Shape(vec![Dim::from(-1)]));
    assert!(fails(negative, &[]).contains("negative"));
}
