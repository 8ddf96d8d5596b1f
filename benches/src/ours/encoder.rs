//! An encoder layer of a transformer in tg, normalized after each half.

use tg::prelude::*;

use super::{Built, filled, one};
use crate::inputs::{self, ENCODER};

tensor_fn! {
    /// The parameters, in the order of `inputs::ENCODER`.
    pub struct Encoder {
        w_qkv: Tensor<f32, 384, 1152>, b_qkv: Tensor<f32, 1152>,
        w_out: Tensor<f32, 384, 384>, b_out: Tensor<f32, 384>,
        scale1: Tensor<f32, 384>, shift1: Tensor<f32, 384>,
        w_up: Tensor<f32, 384, 1536>, b_up: Tensor<f32, 1536>,
        w_down: Tensor<f32, 1536, 384>, b_down: Tensor<f32, 384>,
        scale2: Tensor<f32, 384>, shift2: Tensor<f32, 384>,
    }

    impl Encoder {
        fn attend(&self, x: Tensor<f32, 128, 384>) -> Tensor<f32, 128, 384> {
            let qkv = (x.matmul(self.w_qkv) + self.b_qkv).reshape([128, 3, 12, 32]).permute([1, 2, 0, 3]);
            let mixed = qkv[0].attention(qkv[1], qkv[2]);
            mixed.transpose(0, 1).reshape([128, 384]).matmul(self.w_out) + self.b_out
        }

        fn expand(&self, x: Tensor<f32, 128, 384>) -> Tensor<f32, 128, 384> {
            (x.matmul(self.w_up) + self.b_up).gelu().matmul(self.w_down) + self.b_down
        }

        /// The layer, for a sequence of 128.
        pub fn layer(#[constant] &self, x: Tensor<f32, 128, 384>) -> Tensor<f32, 128, 384> {
            let x = (x + self.attend(x)).layernorm(1e-5) * self.scale1 + self.shift1;
            (x + self.expand(x)).layernorm(1e-5) * self.scale2 + self.shift2
        }
    }
}

/// The encoder layer.
pub fn layer() -> Built {
    let encoder = filled(Encoder::zeros(), &inputs::arrays(ENCODER))?;
    let x = Tensor::from_vec(inputs::sequence())?;
    Ok(one(move || encoder.layer(&x)))
}
