//! The inputs of every case, from a formula that `peers.py` repeats, so that all contenders compute the same.

/// Rows and columns of the row-wise cases.
pub const ROWS: [usize; 2] = [4096, 1024];
/// Elements of the elementwise case.
pub const ELEMENTS: usize = 16 << 20;
/// Sizes of the perceptron: pixels, hidden units, classes.
pub const MLP: [usize; 3] = [784, 128, 10];
/// Batch of the train step.
pub const TRAIN_BATCH: usize = 128;
/// Learning rate of the train step.
pub const RATE: f32 = 0.5;
/// Added to the variance in layernorm.
pub const EPSILON: f32 = 1e-5;

/// A well mixed hash of `i`, different for every `seed`.
fn hash(i: u32, seed: u32) -> u32 {
    let mut h = i.wrapping_mul(0x9E37_79B1) ^ seed.wrapping_mul(0x85EB_CA77);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// `len` floats in -scale..scale. Exact for a `scale` that is a power of two.
pub fn uniform(len: usize, seed: u32, scale: f32) -> Vec<f32> {
    (0..len as u32).map(|i| ((hash(i, seed) >> 8) as f32 * (1.0 / 8_388_608.0) - 1.0) * scale).collect()
}

/// `len` classes below `classes`.
pub fn labels(len: usize, seed: u32, classes: u32) -> Vec<u32> {
    (0..len as u32).map(|i| (hash(i, seed) >> 8) % classes).collect()
}

/// The perceptron's input and parameters.
#[derive(Clone)]
pub struct Mlp {
    /// `(batch, 784)`
    pub x: Vec<f32>,
    /// `(784, 128)`
    pub w1: Vec<f32>,
    /// `(128)`
    pub b1: Vec<f32>,
    /// `(128, 10)`
    pub w2: Vec<f32>,
    /// `(10)`
    pub b2: Vec<f32>,
    /// `(batch)`
    pub y: Vec<u32>,
}

impl Mlp {
    /// Parameters and a batch of `batch` images and labels.
    pub fn new(batch: usize) -> Mlp {
        let [pixels, hidden, classes] = MLP;
        Mlp {
            x: uniform(batch * pixels, 1, 1.0),
            w1: uniform(pixels * hidden, 2, 1.0 / 16.0),
            b1: uniform(hidden, 3, 1.0 / 8.0),
            w2: uniform(hidden * classes, 4, 1.0 / 8.0),
            b2: uniform(classes, 5, 1.0 / 8.0),
            y: labels(batch, 6, classes as u32),
        }
    }

    /// The parameters in the order `w1 b1 w2 b2`.
    pub fn parameters(&self) -> [&[f32]; 4] {
        [&self.w1, &self.b1, &self.w2, &self.b2]
    }
}

/// The elementwise case's input, 64 MiB.
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

/// The factors of the product of two `size` × `size` matrices.
pub fn factors(size: usize) -> (Vec<f32>, Vec<f32>) {
    (uniform(size * size, 11, 1.0), uniform(size * size, 12, 1.0))
}
