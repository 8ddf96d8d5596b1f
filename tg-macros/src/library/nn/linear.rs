//! Linear layers, in the language of tensor functions.

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
