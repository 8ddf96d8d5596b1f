//! Layers, in the language of tensor functions. Parameters have the names, layouts and meaning of PyTorch's, so that
//! its files load.
//!
//! The structs become Rust types in the facade, `tg::nn`, which says how each begins; the methods are templates that are
//! inlined where a block calls them. Names are written as users write them: `nn::Linear`.

/// `x Wᵀ + b` along the last axis: `forward(x)` makes (…, O) of `x`, (…, I).
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<const I: usize, const O: usize> {
    /// W.
    pub weight: Tensor<f32, O, I>,
    /// b.
    pub bias: Tensor<f32, O>,
}

impl<const I: usize, const O: usize> nn::Linear<I, O> {
    fn forward(&self, x: _) -> _ {
        let width = x.dim(-1);
        assert!(width == I, "the last axis of x has size {width}, this layer takes {I}");
        x.matmul(self.weight.t()) + self.bias
    }
}

/// [`Linear`] without a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearNoBias<const I: usize, const O: usize> {
    /// W.
    pub weight: Tensor<f32, O, I>,
}

impl<const I: usize, const O: usize> nn::LinearNoBias<I, O> {
    fn forward(&self, x: _) -> _ {
        let width = x.dim(-1);
        assert!(width == I, "the last axis of x has size {width}, this layer takes {I}");
        x.matmul(self.weight.t())
    }
}

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
}

/// Normalization of each channel, axis 1 of `x`, which has any rank from 2 on; then times `weight`, plus `bias`.
///
/// `train(x, momentum, eps)` takes the statistics of the batch, and moves the running ones towards them by `momentum`
/// (0.1 if left out). `forward(x, eps)` takes the running ones, as inference does. `eps` is 1e-5 if left out. The
/// running variance divides by one less than the elements of a channel, so a batch needs at least two.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm<const C: usize> {
    /// The scale.
    pub weight: Tensor<f32, C>,
    /// The shift.
    pub bias: Tensor<f32, C>,
    /// The running mean.
    #[buffer]
    pub running_mean: Tensor<f32, C>,
    /// The running variance.
    #[buffer]
    pub running_var: Tensor<f32, C>,
    /// How many batches the running statistics have seen.
    #[buffer]
    pub num_batches_tracked: Tensor<i64>,
}

impl<const C: usize> nn::BatchNorm<C> {
    fn forward(&self, x: _, eps: Option<f64>) -> _ {
        let channels = x.dim(1);
        assert!(channels == C, "axis 1 of x has size {channels}, this layer takes {C} channels");
        x.batchnorm_with(self.running_mean, self.running_var, self.weight, self.bias, eps)
    }

    fn train(&mut self, x: _, momentum: Option<f64>, eps: Option<f64>) -> _ {
        let channels = x.dim(1);
        assert!(channels == C, "axis 1 of x has size {channels}, this layer takes {C} channels");
        let normalized = x.batchnorm(self.weight, self.bias, eps);
        let axes = match x.rank() {
            2 => [0],
            3 => [0, 2],
            4 => [0, 2, 3],
            5 => [0, 2, 3, 4],
            _ => [0, 2, 3, 4, 5],
        };
        let (x, momentum) = (x.detach(), momentum.unwrap_or(0.1));
        self.running_mean = (1.0 - momentum) * self.running_mean + momentum * x.mean(axes);
        self.running_var = (1.0 - momentum) * self.running_var + momentum * x.var(axes);
        self.num_batches_tracked += 1;
        normalized
    }
}

/// Normalization along the last axis, of size `D`: `forward(x, eps)` is `(x - mean) / √(variance + eps)` times `weight`,
/// plus `bias`. `eps` is 1e-5 if left out.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm<const D: usize> {
    /// The scale.
    pub weight: Tensor<f32, D>,
    /// The shift.
    pub bias: Tensor<f32, D>,
}

impl<const D: usize> nn::LayerNorm<D> {
    fn forward(&self, x: _, eps: Option<f64>) -> _ {
        let width = x.dim(-1);
        assert!(width == D, "the last axis of x has size {width}, this layer takes {D}");
        x.layernorm(eps) * self.weight + self.bias
    }
}

/// Scaling along the last axis, of size `D`: `forward(x, eps)` is `x / √(mean(x²) + eps)` times `weight`. `eps` is 2⁻²³
/// if left out.
#[derive(Clone, Debug, PartialEq)]
pub struct RmsNorm<const D: usize> {
    /// The scale.
    pub weight: Tensor<f32, D>,
}

impl<const D: usize> nn::RmsNorm<D> {
    fn forward(&self, x: _, eps: Option<f64>) -> _ {
        let width = x.dim(-1);
        assert!(width == D, "the last axis of x has size {width}, this layer takes {D}");
        x.rmsnorm(eps.unwrap_or(f32::EPSILON)) * self.weight
    }
}

/// A vector of `D` numbers for each of `V` words: `forward(index)` makes (…, D) of `index`, (…), integers from 0 to V - 1.
/// Others give zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding<const V: usize, const D: usize> {
    /// One row for each word.
    pub weight: Tensor<f32, V, D>,
}

impl<const V: usize, const D: usize> nn::Embedding<V, D> {
    fn forward(&self, index: _) -> _ {
        self.weight.embedding(index)
    }
}

/// Attention with `HEADS` heads of `E / HEADS` numbers each.
///
/// `forward(query, key, value, mask)` makes (n, l, E) of `query`, (n, l, E), and `key` and `value`, (n, s, E). `mask`
/// may be left out; it broadcasts to (n, HEADS, l, s), and says which keys take part (bool), or is added to the scores.
/// `causal(x)` is attention of `x` to itself, in which each position sees those up to itself.
///
/// PyTorch's layer keeps the first three projections in one tensor; here they are apart, under the names that they have
/// in most published models.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiHeadAttention<const E: usize, const HEADS: usize> {
    /// Makes queries.
    pub q_proj: nn::Linear<E, E>,
    /// Makes keys.
    pub k_proj: nn::Linear<E, E>,
    /// Makes values.
    pub v_proj: nn::Linear<E, E>,
    /// Mixes the heads.
    pub out_proj: nn::Linear<E, E>,
}

impl<const E: usize, const HEADS: usize> nn::MultiHeadAttention<E, HEADS> {
    fn forward<N: Dim, L: Dim, S: Dim>(
        &self,
        query: Tensor<f32, N, L, E>,
        key: Tensor<f32, N, S, E>,
        value: Tensor<f32, N, S, E>,
        mask: Option<_>,
    ) -> Tensor<f32, N, L, E> {
        let [q, k, v] = [self.q_proj.forward(query), self.k_proj.forward(key), self.v_proj.forward(value)];
        self.merged(self.heads(q).attention(self.heads(k), self.heads(v), mask))
    }

    fn causal<N: Dim, L: Dim>(&self, x: Tensor<f32, N, L, E>) -> Tensor<f32, N, L, E> {
        let [q, k, v] = [self.q_proj.forward(x), self.k_proj.forward(x), self.v_proj.forward(x)];
        self.merged(self.heads(q).causal_attention(self.heads(k), self.heads(v)))
    }

    fn heads<N: Dim, L: Dim>(&self, x: Tensor<f32, N, L, E>) -> _ {
        assert!(E % HEADS == 0, "{E} numbers do not divide into {HEADS} heads");
        x.reshape([N, L, HEADS, E / HEADS]).transpose(1, 2)
    }

    fn merged<N: Dim, L: Dim>(&self, x: Tensor<f32, N, HEADS, L, { E / HEADS }>) -> Tensor<f32, N, L, E> {
        self.out_proj.forward(x.transpose(1, 2).reshape([N, L, E]))
    }
}
