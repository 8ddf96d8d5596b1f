//! The inputs of every case, from a formula that `peers/inputs.py` repeats, so that all contenders compute the same.

mod formula;
mod nets;

pub use formula::*;
use nets::row;
pub use nets::*;

/// Rows and columns of the row-wise cases.
pub const ROWS: [usize; 2] = [4096, 1024];
/// Elements of the elementwise cases and of the sum.
pub const ELEMENTS: usize = 16 << 20;
/// Sizes of the perceptron: pixels, hidden units, classes.
pub const MLP: [usize; 3] = [784, 128, 10];
/// Batch of the train step.
pub const TRAIN_BATCH: usize = 128;
/// Learning rate of the train step.
pub const RATE: f32 = 0.5;
/// Factor and term of the argument of `gelu_tanh`.
pub const LINE: [f32; 2] = [0.75, 0.25];
/// Added to the variance in normalizations.
pub const EPSILON: f32 = 1e-5;

/// Parameters of the perceptron.
pub const PERCEPTRON: &[Row] = &[
    row("w1", &[784, 128], 2, 1.0 / 16.0, 0.0),
    row("b1", &[128], 3, 1.0 / 8.0, 0.0),
    row("w2", &[128, 10], 4, 1.0 / 8.0, 0.0),
    row("b2", &[10], 5, 1.0 / 8.0, 0.0),
];

/// The perceptron's inputs and parameters.
pub struct Mlp {
    /// `(batch, 784)`
    pub x: Vec<f32>,
    /// The parameters, as in [`PERCEPTRON`].
    pub parameters: Vec<Vec<f32>>,
    /// `(batch)`
    pub y: Vec<u32>,
}

impl Mlp {
    /// Parameters and a batch of `batch` images and labels.
    pub fn new(batch: usize) -> Mlp {
        let [pixels, _, classes] = MLP;
        let x = uniform(batch * pixels, 1, 1.0);
        Mlp { x, parameters: arrays(PERCEPTRON), y: labels(batch, 6, classes as u32) }
    }
}

/// The elementwise cases' input, 64 MiB.
pub fn elements() -> Vec<f32> {
    uniform(ELEMENTS, 7, 2.0)
}

/// The row-wise cases' input.
pub fn rows() -> Vec<f32> {
    uniform(ROWS[0] * ROWS[1], 8, 4.0)
}

/// Weight and bias of the layernorm case.
pub fn affine() -> (Vec<f32>, Vec<f32>) {
    (uniform(ROWS[1], 9, 1.0), uniform(ROWS[1], 10, 1.0))
}

/// The factors of a product, `(m, k)` and `(k, n)`.
pub fn factors([m, k, n]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    (uniform(m * k, 11, 1.0), uniform(k * n, 12, 1.0))
}
