#![deny(warnings, missing_docs, unsafe_code, unused, clippy::all)]
//! Expansions cause no warnings, however strict the crate is.

use tg::prelude::*;

tensor_fn! {
    /// A constant that only types use.
    const WIDTH: usize = 3;

    /// A net.
    pub struct Net {
        /// Weights.
        pub w: Tensor<f32, WIDTH>,
        /// A layer.
        pub scale: nn::LayerNorm<WIDTH>,
        /// What is not learned.
        #[buffer]
        pub seen: Tensor<i64>,
    }

    impl Net {
        /// Weighted inputs.
        pub fn forward(&self, x: Tensor<f32, WIDTH>) -> Tensor<f32, WIDTH> {
            let unused = x + 1.0;
            helper(x * self.w + self.scale.forward(x))
        }
    }

    fn helper(mut x: Tensor<f32, WIDTH>) -> Tensor<f32, WIDTH> {
        x += 1.0;
        x
    }
}

fn main() -> tg::Result<()> {
    assert_eq!(Net::zeros().forward(&Tensor::ones())?.as_slice(), [1.0; 3]);
    Ok(())
}
