//! Attention with its projections, in the language of tensor functions.

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
