//! The loop nests of convolutions and pools, forward and gradients: one kernel each, which reads its inputs by index
//! arithmetic that is free of divisions, under conditions that are plain comparisons.

use tg_core::compile::{Function, Language, Variant, plan};
use tg_core::dim::{Dim, Var};
use tg_core::dtype::DType;
use tg_core::interpret::{Array, evaluate};
use tg_core::ir::{Arg, Graph, Op, Uop, pretty};
use tg_core::target::Isa;
use tg_core::tensor::{Each, avg_pool2d, batchnorm, conv2d, conv2d_winograd, grad, max_pool2d, relu, sum};

/// Sizes of a convolution; a batch of 0 is one that is known at run time only.
struct Case {
    x: [i64; 4],
    out: i64,
    taps: i64,
    stride: i64,
    padding: i64,
    dilation: i64,
    groups: i64,
}

const PLAIN: Case = Case { x: [8, 16, 28, 28], out: 32, taps: 3, stride: 1, padding: 0, dilation: 1, groups: 1 };

fn buffer<'g>(graph: &'g Graph, sizes: [i64; 4]) -> Uop<'g> {
    let size = |n| if n == 0 { Dim::from(Var::new("N", 1, 4096)) } else { Dim::from(n) };
    graph.buffer(DType::F32, sizes.map(size).to_vec())
}

/// `result` as a function of `inputs`.
fn function<'g>(inputs: &[Uop<'g>], result: Uop<'g>) -> Function<'g> {
    let inputs = inputs.iter().map(|x| ("input".to_string(), *x)).collect();
    Function {
        name: "f".into(),
        inputs,
        scalars: vec![],
        constants: vec![],
        updates: vec![],
        outputs: vec![("result".to_string(), result)],
    }
}

/// The kernels that compute `result` from `inputs`.
fn nests<'g>(graph: &'g Graph, inputs: &[Uop<'g>], result: Uop<'g>) -> Vec<Uop<'g>> {
    plan(graph, &function(inputs, result)).kernels().map(|(_, kernel)| kernel).collect()
}

/// Most bytes that a convolution needs for a thread, above its inputs and its result.
const MOST_BYTES: u64 = 2 << 20;

/// Bytes for intermediate results and the scratch memory of a thread, at most.
fn memory<'g>(graph: &'g Graph, inputs: &[Uop<'g>], result: Uop<'g>) -> u64 {
    let plan = plan(graph, &function(inputs, result));
    let between = plan.report().workspace_bytes;
    let program = plan.render(&[Isa::X86V3, Isa::X86V4], Language::C);
    let scratch = program.kernels.iter().flat_map(|k| &k.variants).map(|v| v.scratch as u64).max();
    between + scratch.unwrap_or(0)
}

#[test]
fn convolutions_need_little_memory() {
    for (x, out, taps, stride) in [
        ([1, 64, 56, 56], 64, 3, 1),
        ([8, 3, 224, 224], 64, 7, 2),
        ([128, 32, 24, 24], 32, 5, 1),
        ([4, 256, 14, 14], 256, 3, 1),
        ([1, 512, 7, 7], 512, 3, 1),
        ([1, 32, 320, 320], 32, 3, 1),
    ] {
        let graph = Graph::new();
        let (x, w) = (buffer(&graph, x), buffer(&graph, [out, x[1], taps, taps]));
        let each = |n| Some(Each(vec![n]));
        let y = conv2d(x, w, None, each(stride), each(taps / 2), each(1), None).unwrap();
        let cotangent = graph.buffer(DType::F32, y.shape().to_vec());
        let gradients = grad(sum(y * cotangent, None).unwrap(), &[x, w]).unwrap();
        for (name, value) in [("forward", y), ("x", gradients[0]), ("w", gradients[1])] {
            let bytes = memory(&graph, &[x, w, cotangent], value);
            assert!(bytes < MOST_BYTES, "{name} of {:?}: {bytes} bytes", x.shape());
        }
    }
}

/// Sums of a whole row of taps are too few for the registers: those of several channels are computed together.
#[test]
fn gradients_by_weights_fill_the_registers() {
    for (x, out, taps) in [([128, 32, 24, 24], 32, 5), ([128, 32, 10, 10], 64, 3)] {
        let graph = Graph::new();
        let (x, w) = (buffer(&graph, x), buffer(&graph, [out, x[1], taps, taps]));
        let y = conv2d(x, w, None, None, None, None, None).unwrap();
        let cotangent = graph.buffer(DType::F32, y.shape().to_vec());
        let gradient = grad(sum(y * cotangent, None).unwrap(), &[w]).unwrap()[0];
        let lowered = plan(&graph, &function(&[x, w, cotangent], gradient)).lower(&[Isa::X86V4]);
        let sums = lowered[0][0].linear.0.iter().filter(|n| n.op() == Op::DefineAcc).count();
        assert!((Isa::X86V4.vector_registers() / 2..Isa::X86V4.vector_registers()).contains(&sums), "{sums}");
    }
}

/// Of the gradient by weights of a convolution of `x`: iterations of the loop that threads share, and kernels.
fn shares_and_kernels(x: [i64; 4]) -> (Option<i64>, usize) {
    let graph = Graph::new();
    let (x, w) = (buffer(&graph, x), buffer(&graph, [32, x[1], 5, 5]));
    let y = conv2d(x, w, None, None, None, None, None).unwrap();
    let cotangent = graph.buffer(DType::F32, y.shape().to_vec());
    let gradient = grad(sum(y * cotangent, None).unwrap(), &[w]).unwrap()[0];
    let program = plan(&graph, &function(&[x, w, cotangent], gradient)).render(&[Isa::X86V4], Language::C);
    let Variant { extent, tile, .. } = &program.kernels[0].variants[0];
    (extent.known().map(|extent| extent / tile), program.kernels.len())
}

/// Each thread puts the pictures of its parts in order, and no others. Where a batch has no even parts, threads share channels.
#[test]
fn gradients_by_weights_are_summed_over_parts_of_the_batch() {
    assert_eq!(shares_and_kernels([128, 32, 24, 24]), (Some(8), 2));
    assert_eq!(shares_and_kernels([12, 32, 24, 24]), (Some(4), 2));
    assert_eq!(shares_and_kernels([127, 32, 24, 24]).1, 1);
    assert_eq!(shares_and_kernels([1, 32, 24, 24]).1, 1);
}

/// Scratch memories of the kernel, and updates of registers under conditions, for AVX-512.
fn copies_and_conditions(x: [i64; 4], out: i64, taps: i64) -> (usize, usize) {
    let graph = Graph::new();
    let (x, w) = (buffer(&graph, x), buffer(&graph, [out, x[1], taps, taps]));
    let y = conv2d(x, w, None, None, Some(Each(vec![taps / 2])), None, None).unwrap();
    let lowered = plan(&graph, &function(&[x, w], y)).lower(&[Isa::X86V4]);
    let count = |is: &dyn Fn(&Uop) -> bool| lowered[0][0].linear.0.iter().filter(|n| is(n)).count();
    (count(&|n| n.op() == Op::DefineLocal), count(&|n| n.op() == Op::UpdateAcc && n.arity() == 3))
}

/// With few channels to share a copy of the picture, and few results at the edge of a row, only weights are copied. A tile
/// has two vectors of channels, and conditions at both ends. Sums of 7 × 7 taps are so long that a tile is copied, too.
#[test]
fn pictures_are_read_where_they_are_if_few_results_share_them() {
    assert_eq!(copies_and_conditions([1, 64, 56, 56], 64, 3), (1, 4));
    assert_eq!(copies_and_conditions([1, 64, 56, 56], 64, 7), (3, 0));
}

/// How many elements the innermost loop of a convolution reads one by one, and how often it adds to a vector, for AVX-512.
fn elements_and_additions(x: [i64; 4], out: i64, taps: i64) -> (usize, usize) {
    let graph = Graph::new();
    let (x, w) = (buffer(&graph, x), buffer(&graph, [out, x[1], taps, taps]));
    let y = conv2d(x, w, None, None, Some(Each(vec![taps / 2])), None, None).unwrap();
    let lowered = plan(&graph, &function(&[x, w], y)).lower(&[Isa::X86V4]);
    let list = &lowered[0][0].linear.0;
    let first = list.iter().position(|n| n.op() == Op::UpdateAcc).unwrap();
    let begin = list[..first].iter().rposition(|n| n.op() == Op::Range).unwrap();
    let end = begin + list[begin..].iter().position(|n| n.op() == Op::Endrange).unwrap();
    let count = |is: &dyn Fn(&Uop) -> bool| list[begin..end].iter().filter(|n| is(n)).count();
    (count(&|n| n.op() == Op::Load && n.dtype().lanes == 1), count(&|n| n.op() == Op::UpdateAcc))
}

/// Of 14 results and 3 taps each, 16 elements are read for 84 multiply-adds of two vectors.
#[test]
fn neighbouring_results_read_an_element_once() {
    assert_eq!(elements_and_additions([1, 64, 56, 56], 64, 3), (16, 84));
}

/// A tile of a whole row of 24 results and 5 taps each: the 6 of 120 products beside the row are left out, and nothing has a
/// condition or is copied but weights and results.
#[test]
fn products_beside_rows_are_left_out() {
    assert_eq!(elements_and_additions([8, 32, 24, 24], 32, 5), (24, 114));
    assert_eq!(copies_and_conditions([8, 32, 24, 24], 32, 5), (2, 0));
}

/// The quotients and remainders in a nest, and the conditions that are more than `sum < constant`.
fn rough_edges(nest: Uop) -> (usize, usize) {
    let plain = |c: &Uop| matches!(c.op(), Op::Cmplt | Op::And | Op::Xor | Op::Const) || !c.dtype().is_bool();
    let all = nest.toposort();
    let divisions = all.iter().filter(|n| n.dtype().is_index() && matches!(n.op(), Op::Idiv | Op::Mod)).count();
    (divisions, all.iter().filter(|n| !plain(n)).count())
}

#[track_caller]
fn check(case: Case, divisions: usize) {
    let Case { x, out, taps, stride, padding, dilation, groups } = case;
    let graph = Graph::new();
    let (x, w) = (buffer(&graph, x), buffer(&graph, [out, x[1] / groups, taps, taps]));
    let each = |n| Some(Each(vec![n]));
    let y = conv2d(x, w, None, each(stride), each(padding), each(dilation), Some(groups)).unwrap();
    let cotangent = graph.buffer(DType::F32, y.shape().to_vec());
    let loss = sum(y * cotangent, None).unwrap();
    let gradients = grad(loss, &[x, w]).unwrap();
    for (name, value, left) in [("forward", y, 0), ("x", gradients[0], divisions), ("w", gradients[1], 0)] {
        // A sum over a batch has parts, which a second kernel adds up.
        let nests = nests(&graph, &[x, w, cotangent], value);
        let ([nest] | [nest, _]) = nests[..] else { panic!("{name}: {} kernels", nests.len()) };
        assert_eq!(rough_edges(nest), (left, 0), "{name}: {}", pretty(nest));
    }
}

#[test]
fn indices_of_convolutions_are_sums_of_products() {
    check(PLAIN, 0);
    check(Case { padding: 1, ..PLAIN }, 0);
    check(Case { x: [0, 16, 28, 28], padding: 1, ..PLAIN }, 0);
    check(Case { x: [3, 3, 17, 13], out: 5, padding: 1, ..PLAIN }, 0);
    check(Case { dilation: 2, padding: 2, ..PLAIN }, 0);
    check(Case { groups: 4, padding: 1, ..PLAIN }, 0);
    check(Case { groups: 16, out: 16, padding: 1, ..PLAIN }, 0);
    check(Case { taps: 1, ..PLAIN }, 0);
    check(Case { taps: 1, stride: 2, ..PLAIN }, 0);
    check(Case { stride: 2, padding: 1, ..PLAIN }, 0);
    check(Case { x: [0, 16, 28, 28], stride: 2, padding: 1, ..PLAIN }, 0);
    check(Case { x: [4, 3, 64, 64], taps: 7, stride: 2, padding: 3, ..PLAIN }, 0);
    check(Case { x: [4, 3, 64, 64], taps: 16, stride: 16, ..PLAIN }, 0);
}

#[test]
fn gradients_of_strides_that_do_not_divide_the_size_divide_the_position() {
    // (y + p) / s and (y + p) % s along two axes.
    check(Case { x: [8, 16, 27, 27], stride: 2, padding: 1, ..PLAIN }, 4);
    check(Case { x: [8, 16, 28, 28], stride: 3, padding: 1, ..PLAIN }, 4);
}

/// A batch normalization has several sums over its gradient, of which each would find the largest of each window again.
#[test]
fn gradients_of_pools_are_put_in_order_once() {
    let graph = Graph::new();
    let x = buffer(&graph, [8, 16, 20, 20]);
    let y = max_pool2d(batchnorm(relu(x).unwrap(), None, None, None).unwrap(), Each(vec![2]), None, None).unwrap();
    let gradient = grad(sum(y * y, None).unwrap(), &[x]).unwrap()[0];
    let nests = nests(&graph, &[x], gradient);
    let finds_largest = |nest: &&Uop| nest.toposort().into_iter().any(|n| n.op() == Op::Cmpeq);
    // It counts, too, how many of a window are the largest.
    assert_eq!(nests.iter().filter(finds_largest).count(), 1, "{nests:?}");
}

#[test]
fn pools_read_their_windows() {
    for (size, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (7, 7, 0)] {
        let graph = Graph::new();
        let x = buffer(&graph, [8, 16, 28, 28]);
        let each = |n| Some(Each(vec![n]));
        let largest = max_pool2d(x, Each(vec![size]), each(stride), each(padding)).unwrap();
        let mean = avg_pool2d(x, Each(vec![size]), each(stride), each(padding)).unwrap();
        for value in [largest, mean] {
            let [nest] = nests(&graph, &[x], value)[..] else { panic!("several kernels") };
            assert_eq!(rough_edges(nest), (0, 0), "{}", pretty(nest));
        }
    }
}

/// Rows of the picture and blocks of a row are loops of their own, so that a sum is as long as its row says.
#[test]
fn gradients_of_fewer_multiplications_leave_out_rows_of_zeros() {
    let graph = Graph::new();
    let (x, w) = (buffer(&graph, [128, 32, 24, 24]), buffer(&graph, [32, 32, 5, 5]));
    let y = conv2d_winograd(x, w, None, None, None).unwrap();
    let cotangent = graph.buffer(DType::F32, y.shape().to_vec());
    let gradient = grad(sum(y * cotangent, None).unwrap(), &[x]).unwrap()[0];
    let lowered = plan(&graph, &function(&[x, w, cotangent], gradient)).lower(&[Isa::X86V4]);
    let lists: Vec<String> = lowered.iter().map(|kernel| kernel[0].actions.to_string()).collect();
    assert_eq!(lists.iter().filter(|list| list.contains("trim")).count(), 1, "{lists:#?}");
}

/// The root of the mean square of the differences, as a part of the same of `exact`.
fn relative_error(found: &[f64], exact: &[f64]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    (square(&mut found.iter().zip(exact).map(|(a, b)| a - b)) / square(&mut exact.iter().copied())).sqrt()
}

/// (1, 32, 5, 24) by (4, 32, 5, 5), in f32 and in f64. The interpreter rounds a sum once, so that `conv2d` differs by no more.
#[test]
fn fewer_multiplications_round_more_and_little() {
    let shapes = [&[1usize, 32, 5, 24][..], &[4, 32, 5, 5]];
    let number = |i: usize| f64::from((i as f32 * 0.618_034).fract() - 0.5);
    let values = shapes.map(|shape| (0..shape.iter().product()).map(number).collect::<Vec<f64>>());
    let graph = Graph::new();
    let results = |dtype: DType| {
        let inputs = shapes.map(|shape| graph.buffer(dtype, shape.iter().map(|n| Dim::from(*n as i64)).collect()));
        let [x, w] = inputs;
        let direct = conv2d(x, w, None, None, None, None, None).unwrap();
        let winograd = conv2d_winograd(x, w, None, None, None).unwrap();
        let contents = |n| {
            let is_it = |x: &Uop| matches!(x.arg(), Arg::Buffer(number, _) if *number == n);
            let at = inputs.iter().position(is_it)?;
            Array::from_f64(dtype, shapes[at], &values[at]).ok()
        };
        let arrays = evaluate(&[direct, winograd], &contents, &|var| var.min).unwrap();
        arrays.iter().map(Array::to_f64).collect::<Vec<_>>()
    };
    let (rounded, exact) = (results(DType::F32), results(DType::F64));
    assert!(relative_error(&exact[1], &exact[0]) < 1e-14);
    let [direct, winograd] = [0, 1].map(|i| relative_error(&rounded[i], &exact[0]));
    assert!(direct < 1e-7 && winograd < 1e-6, "{direct:e} {winograd:e}");
}
