//! Normalizations, in the language of tensor functions.

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
