//! The convolutions and the arrays of the larger nets: names, shapes, and what their elements are.

use super::{labels, uniform};

/// Batch of the convolutional net.
pub const BATCH: usize = 128;
/// Side of its pictures.
pub const SIDE: usize = 28;
/// Learning rate of Adam.
pub const ADAM_RATE: f32 = 1.0 / 1024.0;
/// Added to the root in Adam. Large, so that gradients of the size of rounding errors move next to nothing: with 1e-8
/// the first step is as long for each parameter, and its direction the sign of what may be noise.
pub const ADAM_EPSILON: f32 = 1.0 / 16.0;
/// Tokens of the encoder layer.
pub const SEQUENCE: usize = 128;
/// Its width.
pub const WIDTH: usize = 384;
/// Its heads.
pub const HEADS: usize = 12;
/// Its inner width.
pub const INNER: usize = 1536;

/// An array of a net: `offset` plus uniform numbers in -scale..scale.
pub struct Row {
    /// Its sizes; weights of convolutions are (out, in, height, width), of other layers (in, out).
    pub shape: &'static [usize],
    seed: u32,
    scale: f32,
    offset: f32,
}

/// The name is for readers: it is what the contenders call the array.
pub const fn row(_name: &'static str, shape: &'static [usize], seed: u32, scale: f32, offset: f32) -> Row {
    Row { shape, seed, scale, offset }
}

impl Row {
    /// The elements.
    pub fn values(&self) -> Vec<f32> {
        let values = uniform(self.shape.iter().product(), self.seed, self.scale);
        values.into_iter().map(|value| value + self.offset).collect()
    }
}

/// The elements of each row.
pub fn arrays(rows: &[Row]) -> Vec<Vec<f32>> {
    rows.iter().map(Row::values).collect()
}

/// Parameters of the convolutional net.
pub const CONVNET: &[Row] = &[
    row("w1", &[32, 1, 5, 5], 20, 1.0 / 4.0, 0.0),
    row("b1", &[32], 21, 1.0 / 4.0, 0.0),
    row("w2", &[32, 32, 5, 5], 22, 1.0 / 16.0, 0.0),
    row("b2", &[32], 23, 1.0 / 16.0, 0.0),
    row("scale1", &[32], 24, 1.0 / 2.0, 1.0),
    row("shift1", &[32], 25, 1.0 / 4.0, 0.0),
    row("w3", &[64, 32, 3, 3], 26, 1.0 / 16.0, 0.0),
    row("b3", &[64], 27, 1.0 / 16.0, 0.0),
    row("w4", &[64, 64, 3, 3], 28, 1.0 / 16.0, 0.0),
    row("b4", &[64], 29, 1.0 / 16.0, 0.0),
    row("scale2", &[64], 30, 1.0 / 2.0, 1.0),
    row("shift2", &[64], 31, 1.0 / 4.0, 0.0),
    row("w5", &[576, 10], 32, 1.0 / 16.0, 0.0),
    row("b5", &[10], 33, 1.0 / 16.0, 0.0),
];

/// Mean and variance that inference normalizes with.
pub const STATISTICS: &[Row] = &[
    row("mean1", &[32], 34, 1.0 / 4.0, 0.0),
    row("variance1", &[32], 35, 1.0 / 2.0, 1.0),
    row("mean2", &[64], 36, 1.0 / 4.0, 0.0),
    row("variance2", &[64], 37, 1.0 / 2.0, 1.0),
];

/// Parameters of the encoder layer.
pub const ENCODER: &[Row] = &[
    row("w_qkv", &[384, 1152], 40, 1.0 / 8.0, 0.0),
    row("b_qkv", &[1152], 41, 1.0 / 8.0, 0.0),
    row("w_out", &[384, 384], 42, 1.0 / 8.0, 0.0),
    row("b_out", &[384], 43, 1.0 / 8.0, 0.0),
    row("scale1", &[384], 44, 1.0 / 2.0, 1.0),
    row("shift1", &[384], 45, 1.0 / 4.0, 0.0),
    row("w_up", &[384, 1536], 46, 1.0 / 8.0, 0.0),
    row("b_up", &[1536], 47, 1.0 / 8.0, 0.0),
    row("w_down", &[1536, 384], 48, 1.0 / 16.0, 0.0),
    row("b_down", &[384], 49, 1.0 / 16.0, 0.0),
    row("scale2", &[384], 50, 1.0 / 2.0, 1.0),
    row("shift2", &[384], 51, 1.0 / 4.0, 0.0),
];

/// The pictures that the convolutional net sees.
pub fn digits(batch: usize) -> Vec<f32> {
    uniform(batch * SIDE * SIDE, 1, 1.0)
}

/// Their classes.
pub fn classes(batch: usize) -> Vec<u32> {
    labels(batch, 6, 10)
}

/// What the encoder layer sees.
pub fn sequence() -> Vec<f32> {
    uniform(SEQUENCE * WIDTH, 39, 1.0)
}

/// A convolution of square pictures by square windows.
#[derive(Clone, Copy)]
pub struct Conv {
    /// Pictures.
    pub batch: usize,
    /// Their channels.
    pub channels: usize,
    /// Channels of the result.
    pub out: usize,
    /// Side of the pictures.
    pub side: usize,
    /// Side of a window.
    pub window: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Zeros on all four sides.
    pub padding: usize,
}

/// A layer of a residual net.
pub const CONV_3X3: Conv = Conv { batch: 1, channels: 64, out: 64, side: 56, window: 3, stride: 1, padding: 1 };
/// The first layer of one.
pub const CONV_7X7: Conv = Conv { batch: 8, channels: 3, out: 64, side: 224, window: 7, stride: 2, padding: 3 };

impl Conv {
    /// The four of the convolutional net, which pad nothing; after the second and the fourth, sides are halved.
    pub fn of_net() -> [Conv; 4] {
        let (batch, stride, padding) = (BATCH, 1, 0);
        let conv = |channels, out, side, window| Conv { batch, channels, out, side, window, stride, padding };
        [conv(1, 32, SIDE, 5), conv(32, 32, SIDE - 4, 5), conv(32, 64, 10, 3), conv(64, 64, 8, 3)]
    }

    /// Side of the result.
    pub fn result_side(&self) -> usize {
        (self.side + 2 * self.padding - self.window) / self.stride + 1
    }

    /// Elements of one window.
    pub fn taps(&self) -> usize {
        self.channels * self.window * self.window
    }

    /// Pictures, weights (out, channels, window, window) and bias.
    pub fn arrays(&self) -> [Vec<f32>; 3] {
        let pixels = self.batch * self.channels * self.side * self.side;
        let (weights, bias) = (uniform(self.out * self.taps(), 14, 1.0 / 8.0), uniform(self.out, 15, 1.0));
        [uniform(pixels, 13, 1.0), weights, bias]
    }

    /// Floating-point operations of the whole convolution, as if nothing were padding.
    pub fn flops(&self) -> usize {
        2 * self.batch * self.out * self.result_side().pow(2) * self.taps()
    }

    /// Elements of the arguments.
    pub fn arguments(&self) -> usize {
        self.batch * self.channels * self.side * self.side + self.out * (self.taps() + 1)
    }

    /// Elements of the result.
    pub fn results(&self) -> usize {
        self.batch * self.out * self.result_side().pow(2)
    }
}
