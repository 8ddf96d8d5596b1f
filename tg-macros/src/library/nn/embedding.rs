//! Vectors for words, in the language of tensor functions.

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
