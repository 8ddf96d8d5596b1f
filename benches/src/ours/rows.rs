//! Elementwise functions, row-wise functions and the sum in tg.

use tg::prelude::*;

use super::{Built, one};
use crate::inputs::{self, LINE};

tensor_fn! {
    /// The softmax of each row.
    pub fn softmax_rows(x: Tensor<f32, 4096, 1024>) -> Tensor<f32, 4096, 1024> {
        x.softmax(-1)
    }

    /// Each row normalized, scaled and moved.
    pub fn layernorm_rows(x: Tensor<f32, 4096, 1024>, weight: Tensor<f32, 1024>, bias: Tensor<f32, 1024>)
        -> Tensor<f32, 4096, 1024> {
        x.layernorm(1e-5) * weight + bias
    }

    /// relu(2x + 1) of 16 M elements.
    pub fn relu_elements(x: Tensor<f32, 16777216>) -> Tensor<f32, 16777216> {
        (x * 2.0 + 1.0).relu()
    }

    /// gelu_tanh(ax + b) of 16 M elements.
    pub fn gelu_elements(x: Tensor<f32, 16777216>, a: f32, b: f32) -> Tensor<f32, 16777216> {
        (x * a + b).gelu_tanh()
    }

    /// The sum of 16 M elements.
    pub fn sum_elements(x: Tensor<f32, 16777216>) -> Tensor<f32> {
        x.sum()
    }
}

/// The softmax of rows.
pub fn softmax() -> Built {
    let x = Tensor::from_vec(inputs::rows())?;
    Ok(one(move || softmax_rows(&x)))
}

/// The layernorm of rows.
pub fn layernorm() -> Built {
    let (weight, bias) = inputs::affine();
    let (x, weight, bias) = (Tensor::from_vec(inputs::rows())?, Tensor::from_vec(weight)?, Tensor::from_vec(bias)?);
    Ok(one(move || layernorm_rows(&x, &weight, &bias)))
}

/// The relu of many elements.
pub fn relu() -> Built {
    let x = Tensor::from_vec(inputs::elements())?;
    Ok(one(move || relu_elements(&x)))
}

/// The gelu of many elements.
pub fn gelu() -> Built {
    let (x, [a, b]) = (Tensor::from_vec(inputs::elements())?, LINE);
    Ok(one(move || gelu_elements(&x, a, b)))
}

/// The sum of many elements.
pub fn sum() -> Built {
    let x = Tensor::from_vec(inputs::elements())?;
    Ok(one(move || sum_elements(&x)))
}
