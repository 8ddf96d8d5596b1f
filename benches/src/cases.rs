//! Every case and its contenders, one row each.

use tg_bench_tuned as tuned;

use crate::case::{Case, Moved, OURS, TUNED};
use crate::inputs::{
    BATCH, CONV_3X3, CONV_7X7, CONVNET, Conv, ELEMENTS, ENCODER, INNER, MLP, ROWS, Row, SEQUENCE, STATISTICS,
    TRAIN_BATCH, WIDTH,
};
use crate::{candle, gemm_crates, ours, reference, tract};

/// All cases.
pub fn cases() -> Vec<Case> {
    let products = ours::SHAPES.iter().map(|&shape| product(shape));
    let nets = [mlp(1), mlp(32), train(TRAIN_BATCH)];
    let nets = nets.into_iter().chain(ALGORITHMS.map(convnet)).chain(ALGORITHMS.map(convnet_train)).chain([encoder()]);
    let rows = [softmax(), layernorm(), relu(), gelu(), sum()];
    nets.chain(products).chain(convolutions()).chain(rows).collect()
}

fn mlp(batch: usize) -> Case {
    let [pixels, hidden, classes] = MLP;
    let weights = pixels * hidden + hidden * classes;
    let moved = Moved { read: batch * pixels + weights + hidden + classes, written: batch * classes };
    Case::new(format!("mlp_forward_{batch}"), 2 * batch * weights, moved, move || reference::mlp(batch))
        .by(OURS, move |_| ours::mlp(batch))
        .by(TUNED, move |_| tuned::mlp(batch))
        .by("candle", move |_| candle::mlp(batch))
        .by("tract", move |threads| tract::mlp(batch, threads))
}

fn train(batch: usize) -> Case {
    let [pixels, hidden, classes] = MLP;
    // The first layer needs no gradient by its input.
    let flops = 2 * batch * (2 * pixels * hidden + 3 * hidden * classes);
    let parameters = pixels * hidden + hidden + hidden * classes + classes;
    let moved = Moved { read: batch * pixels + parameters, written: parameters };
    Case::new(format!("mlp_train_{batch}"), flops, moved, move || reference::train(batch))
        .by(OURS, |_| ours::train())
        .by(TUNED, |_| tuned::train())
        .by("candle", move |_| candle::train(batch))
}

/// Elements of all arrays.
fn elements(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.shape.iter().product::<usize>()).sum()
}

/// Operations of the first convolution, and of all other products of the convolutional net.
fn convnet_flops() -> (usize, usize) {
    let [first, others @ ..] = Conv::of_net();
    (first.flops(), others.iter().map(Conv::flops).sum::<usize>() + 2 * BATCH * 576 * 10)
}

/// Convolutions as they are, and those that can be with fewer multiplications, as the name of a case says. Peers do the same in both,
/// and the operations of the first count.
const ALGORITHMS: [bool; 2] = [false, true];

fn suffix(winograd: bool) -> &'static str {
    if winograd { "_winograd" } else { "" }
}

fn convnet(winograd: bool) -> Case {
    let (first, others) = convnet_flops();
    let read = BATCH * 28 * 28 + elements(CONVNET) + elements(STATISTICS);
    let moved = Moved { read, written: BATCH * 10 };
    let name = format!("convnet_forward_{BATCH}{}", suffix(winograd));
    Case::new(name, first + others, moved, reference::convnet)
        .by(OURS, move |_| ours::convnet(winograd))
        .by(TUNED, move |_| tuned::convnet(winograd))
        .by("candle", |_| candle::convnet())
        .by("tract", tract::convnet)
}

fn convnet_train(winograd: bool) -> Case {
    let (first, others) = convnet_flops();
    // Parameters and both means of Adam are read and written.
    let moved = Moved { read: BATCH * 28 * 28 + 3 * elements(CONVNET), written: 3 * elements(CONVNET) };
    let name = format!("convnet_train_{BATCH}{}", suffix(winograd));
    Case::new(name, 2 * first + 3 * others, moved, reference::convnet_train)
        .by(OURS, move |_| ours::convnet_train(winograd))
        .by(TUNED, move |_| tuned::convnet_train(winograd))
}

fn encoder() -> Case {
    let products = WIDTH * 4 * WIDTH + 2 * WIDTH * INNER;
    let attention = 2 * SEQUENCE * WIDTH;
    let moved = Moved { read: SEQUENCE * WIDTH + elements(ENCODER), written: SEQUENCE * WIDTH };
    Case::new(format!("encoder_{SEQUENCE}"), 2 * SEQUENCE * (products + attention), moved, reference::encoder)
        .by(OURS, |_| ours::encoder())
        .by(TUNED, |_| tuned::encoder())
        .by("candle", |_| candle::encoder())
        .by("tract", tract::encoder)
}

/// `product_512` for square factors, `product_32x784x128` for others.
fn product(shape: [usize; 3]) -> Case {
    let [m, k, n] = shape;
    let name = if m == k && k == n { format!("product_{m}") } else { format!("product_{m}x{k}x{n}") };
    let moved = Moved { read: m * k + k * n, written: m * n };
    Case::new(name, 2 * m * k * n, moved, move || reference::product(shape))
        .by(OURS, move |_| ours::product(shape))
        .by(TUNED, move |_| tuned::product(shape))
        .by("candle", move |_| candle::product(shape))
        .by("tract", move |threads| tract::product(shape, threads))
        .by("gemm", move |threads| gemm_crates::by_gemm(shape, threads))
        .by("matrixmultiply", move |_| gemm_crates::by_matrixmultiply(shape))
}

fn convolutions() -> impl Iterator<Item = Case> {
    let small = ALGORITHMS.map(|winograd| {
        conv(&format!("conv3x3_64x56{}", suffix(winograd)), &CONV_3X3)
            .by(OURS, move |_| ours::conv_small(winograd))
            .by(TUNED, move |_| tuned::conv_small(winograd))
    });
    let large = conv("conv7x7_stride2_8x224", &CONV_7X7);
    small.into_iter().chain([large.by(OURS, |_| ours::conv_large()).by(TUNED, |_| tuned::conv_large())])
}

fn conv(name: &str, conv: &'static Conv) -> Case {
    let moved = Moved { read: conv.arguments(), written: conv.results() };
    Case::new(name, conv.flops(), moved, || reference::conv(conv))
        .by("candle", |_| candle::conv(conv))
        .by("tract", |threads| tract::conv(conv, threads))
}

fn softmax() -> Case {
    let elements = ROWS[0] * ROWS[1];
    Case::new("softmax_4096x1024", 5 * elements, Moved::copy(elements), reference::softmax)
        .by(OURS, |_| ours::softmax())
        .by(TUNED, |_| tuned::softmax())
        .by("candle", |_| candle::softmax())
        .by("tract", tract::softmax)
}

fn layernorm() -> Case {
    let elements = ROWS[0] * ROWS[1];
    Case::new("layernorm_4096x1024", 8 * elements, Moved::copy(elements), reference::layernorm)
        .by(OURS, |_| ours::layernorm())
        .by(TUNED, |_| tuned::layernorm())
        .by("candle", |_| candle::layernorm())
        .by("tract", tract::layernorm)
}

fn relu() -> Case {
    Case::new("relu_16m", 3 * ELEMENTS, Moved::copy(ELEMENTS), reference::relu)
        .by(OURS, |_| ours::relu())
        .by(TUNED, |_| tuned::relu())
        .by("candle", |_| candle::relu())
        .by("tract", tract::relu)
}

fn gelu() -> Case {
    // tanh counts as one operation, as every function does.
    Case::new("gelu_16m", 11 * ELEMENTS, Moved::copy(ELEMENTS), reference::gelu)
        .by(OURS, |_| ours::gelu())
        .by(TUNED, |_| tuned::gelu())
        .by("candle", |_| candle::gelu())
        .by("tract", tract::gelu)
}

fn sum() -> Case {
    Case::new("sum_16m", ELEMENTS, Moved { read: ELEMENTS, written: 1 }, reference::sum)
        .by(OURS, |_| ours::sum())
        .by(TUNED, |_| tuned::sum())
        .by("candle", |_| candle::sum())
        .by("tract", tract::sum)
}
