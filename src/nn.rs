//! Layers as Rust types: what blocks call `nn::Linear<784, 10>` is `tg::nn::Linear<784, 10>` outside of them.
//!
//! A struct of a block has them as fields, and its functions call their methods, which exist only there: see each
//! layer. Names, layouts and meaning are PyTorch's, and so is how parameters begin: `init`.
//!
//! The structs are expanded from the library of the macro. Here is only how their tensors begin.

use tg_core::random::bits;

use crate::{StaticShape, Tensor};

tg_macros::library!(nn);

/// Elements within `±1/√inputs` of the stream `part` of `seed`: what a sum over `inputs` numbers begins with.
fn spread<S: StaticShape>(inputs: usize, seed: u64, part: u64) -> Tensor<f32, S> {
    let bound = 1.0 / (inputs as f64).sqrt();
    Tensor::uniform(-bound, bound, split(seed, part))
}

/// A seed for part `part` of what has `seed`: another stream than those of seeds nearby.
fn split(seed: u64, part: u64) -> u64 {
    let [low, high] = bits(seed, u64::MAX - part);
    u64::from(low) | u64::from(high) << 32
}

impl<const I: usize, const O: usize> Linear<I, O> {
    /// Weights and biases uniform within ±1/√I.
    pub fn init(seed: u64) -> Self {
        Linear { weight: spread(I, seed, 0), bias: spread(I, seed, 1) }
    }
}

impl<const I: usize, const O: usize> LinearNoBias<I, O> {
    /// Weights uniform within ±1/√I.
    pub fn init(seed: u64) -> Self {
        LinearNoBias { weight: spread(I, seed, 0) }
    }
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> Conv1d<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    /// Weights and biases uniform within ±1/√(I·K).
    pub fn init(seed: u64) -> Self {
        Conv1d { weight: spread(I * K, seed, 0), bias: spread(I * K, seed, 1) }
    }
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> Conv2d<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    /// Weights and biases uniform within ±1/√(I·K²).
    pub fn init(seed: u64) -> Self {
        Conv2d { weight: spread(I * K * K, seed, 0), bias: spread(I * K * K, seed, 1) }
    }
}

impl<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    const DILATION: usize,
    const GROUPS: usize,
> Conv2dNoBias<I, O, K, STRIDE, PADDING, DILATION, GROUPS>
{
    /// Weights uniform within ±1/√(I·K²).
    pub fn init(seed: u64) -> Self {
        Conv2dNoBias { weight: spread(I * K * K, seed, 0) }
    }
}

impl<const C: usize> BatchNorm<C> {
    /// Scale and running variance 1, all else 0.
    pub fn init() -> Self {
        BatchNorm { weight: Tensor::full(1.0), running_var: Tensor::full(1.0), ..BatchNorm::zeros() }
    }
}

impl<const D: usize> LayerNorm<D> {
    /// Scale 1, shift 0.
    pub fn init() -> Self {
        LayerNorm { weight: Tensor::full(1.0), bias: Tensor::zeros() }
    }
}

impl<const D: usize> RmsNorm<D> {
    /// Scale 1.
    pub fn init() -> Self {
        RmsNorm { weight: Tensor::full(1.0) }
    }
}

impl<const V: usize, const D: usize> Embedding<V, D> {
    /// Standard normal elements.
    pub fn init(seed: u64) -> Self {
        Embedding { weight: Tensor::randn(seed) }
    }
}

impl<const E: usize, const HEADS: usize> MultiHeadAttention<E, HEADS> {
    /// The weights of the three projections uniform within ±√(3/(2E)), those of the last one within ±1/√E; biases 0.
    pub fn init(seed: u64) -> Self {
        let projection = |bound: f64, part| Linear {
            weight: Tensor::uniform(-bound, bound, split(seed, part)),
            bias: Tensor::zeros(),
        };
        // As of one tensor (3 E, E), which PyTorch's layer begins with: √(6 / (E + 3 E)).
        let packed = (1.5 / E as f64).sqrt();
        let [q_proj, k_proj, v_proj] = [0, 1, 2].map(|part| projection(packed, part));
        MultiHeadAttention { q_proj, k_proj, v_proj, out_proj: projection(1.0 / (E as f64).sqrt(), 3) }
    }
}
