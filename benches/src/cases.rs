//! Every case and its contenders, one row each.

use crate::case::{Case, OURS};
use crate::inputs::{ELEMENTS, MLP, ROWS, TRAIN_BATCH};
use crate::{candle, gemm_crate, ours, reference, tract};

const FLOAT: usize = size_of::<f32>();

/// All cases.
pub fn cases() -> Vec<Case> {
    vec![mlp(1), mlp(32), train(TRAIN_BATCH), product(256), product(512), softmax(), layernorm(), relu()]
}

fn mlp(batch: usize) -> Case {
    let [pixels, hidden, classes] = MLP;
    let weights = pixels * hidden + hidden * classes;
    let bytes = FLOAT * (batch * (pixels + classes) + weights + hidden + classes);
    Case::new(format!("mlp_forward_{batch}"), 2 * batch * weights, bytes, move || reference::mlp(batch))
        .by(OURS, move |_| ours::mlp(batch))
        .by("candle", move |_| candle::mlp(batch))
        .by("tract", move |threads| tract::mlp(batch, threads))
}

fn train(batch: usize) -> Case {
    let [pixels, hidden, classes] = MLP;
    // The first layer needs no gradient by its input.
    let flops = 2 * batch * (2 * pixels * hidden + 3 * hidden * classes);
    let parameters = pixels * hidden + hidden + hidden * classes + classes;
    Case::new(format!("mlp_train_{batch}"), flops, FLOAT * (batch * pixels + 2 * parameters), move || {
        reference::train(batch)
    })
    .by(OURS, |_| ours::train())
    .by("candle", move |_| candle::train(batch))
}

fn product(size: usize) -> Case {
    let (flops, bytes) = (2 * size.pow(3), FLOAT * 3 * size.pow(2));
    Case::new(format!("product_{size}"), flops, bytes, move || reference::product(size))
        .by(OURS, move |_| ours::product(size))
        .by("candle", move |_| candle::product(size))
        .by("tract", move |threads| tract::product(size, threads))
        .by("gemm", move |threads| gemm_crate::product(size, threads))
}

fn softmax() -> Case {
    let elements = ROWS[0] * ROWS[1];
    Case::new("softmax_4096x1024", 5 * elements, 2 * FLOAT * elements, reference::softmax)
        .by(OURS, |_| ours::softmax())
        .by("candle", |_| candle::softmax())
        .by("tract", tract::softmax)
}

fn layernorm() -> Case {
    let elements = ROWS[0] * ROWS[1];
    Case::new("layernorm_4096x1024", 8 * elements, 2 * FLOAT * elements, reference::layernorm)
        .by(OURS, |_| ours::layernorm())
        .by("candle", |_| candle::layernorm())
}

fn relu() -> Case {
    Case::new("relu_16m", 3 * ELEMENTS, 2 * FLOAT * ELEMENTS, reference::relu)
        .by(OURS, |_| ours::relu())
        .by("candle", |_| candle::relu())
        .by("tract", tract::relu)
}
