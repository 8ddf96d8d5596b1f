//! Convolutions, in the language of tensor functions.

/// A convolution with windows of `K` elements: `forward(x)` makes (n, O, …) of `x`, (n, I · GROUPS, length).
///
/// `I` is the number of channels that each result sees, the second axis of the weights: all channels of `x` unless
/// there are several groups. `PADDING` zeros are put on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv1d<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PADDING: usize = 0,
    const DILATION: usize = 1,
    const GROUPS: usize = 1,
> {
    /// One filter for each result.
    pub weight: Tensor<f32, O, I, K>,
    /// One number for each result.
    pub bias: Tensor<f32, O>,
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> nn::Conv1d<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    fn forward<N: Dim, L: Dim>(&self, x: Tensor<f32, N, { I * GROUPS }, L>) -> _ {
        x.conv1d(self.weight, self.bias, STRIDE, PADDING, DILATION, GROUPS)
    }
}

/// A convolution with windows of `K` × `K` elements: `forward(x)` makes (n, O, …, …) of `x`,
/// (n, I · GROUPS, height, width).
///
/// `I` is the number of channels that each result sees, the second axis of the weights: all channels of `x` unless
/// there are several groups. `PADDING` zeros are put on all sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PADDING: usize = 0,
    const DILATION: usize = 1,
    const GROUPS: usize = 1,
> {
    /// One filter for each result.
    pub weight: Tensor<f32, O, I, K, K>,
    /// One number for each result.
    pub bias: Tensor<f32, O>,
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> nn::Conv2d<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    fn forward<N: Dim, H: Dim, W: Dim>(&self, x: Tensor<f32, N, { I * GROUPS }, H, W>) -> _ {
        x.conv2d(self.weight, self.bias, STRIDE, PADDING, DILATION, GROUPS)
    }

    /// [`forward`](Self::forward) in fewer multiplications, as `conv2d_winograd`, if `STRIDE` and `DILATION` are 1.
    fn forward_winograd<N: Dim, H: Dim, W: Dim>(&self, x: Tensor<f32, N, { I * GROUPS }, H, W>) -> _ {
        if STRIDE == 1 && DILATION == 1 {
            x.conv2d_winograd(self.weight, self.bias, PADDING, GROUPS)
        } else {
            self.forward(x)
        }
    }
}

/// [`Conv2d`] without a bias, as before a normalization.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2dNoBias<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PADDING: usize = 0,
    const DILATION: usize = 1,
    const GROUPS: usize = 1,
> {
    /// One filter for each result.
    pub weight: Tensor<f32, O, I, K, K>,
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> nn::Conv2dNoBias<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    fn forward<N: Dim, H: Dim, W: Dim>(&self, x: Tensor<f32, N, { I * GROUPS }, H, W>) -> _ {
        x.conv2d(self.weight, None, STRIDE, PADDING, DILATION, GROUPS)
    }

    /// [`forward`](Self::forward) in fewer multiplications, as `conv2d_winograd`, if `STRIDE` and `DILATION` are 1.
    fn forward_winograd<N: Dim, H: Dim, W: Dim>(&self, x: Tensor<f32, N, { I * GROUPS }, H, W>) -> _ {
        if STRIDE == 1 && DILATION == 1 {
            x.conv2d_winograd(self.weight, None, PADDING, GROUPS)
        } else {
            self.forward(x)
        }
    }
}
