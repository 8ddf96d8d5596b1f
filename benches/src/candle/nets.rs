//! Convolutions, the convolutional net and the encoder layer in candle.
//!
//! The net's train step is left out: candle's gradient of a maximum pool differs from that of all others.

use candle_core::{D, Device::Cpu, Result, Tensor};
use candle_nn::{BatchNorm, Module, ModuleT, ops};

use super::{one, tensors};
use crate::inputs::{self, BATCH, CONVNET, Conv, ENCODER, EPSILON, HEADS, SEQUENCE, SIDE, STATISTICS, WIDTH};
use crate::job::Job;

/// A convolution without padding, and its bias.
fn convolve(x: &Tensor, w: &Tensor, b: &Tensor) -> Result<Tensor> {
    x.conv2d(w, 0, 1, 1, 1)?.broadcast_add(&b.reshape((1, (), 1, 1))?)
}

pub fn conv(conv: &Conv) -> Result<Box<dyn Job>> {
    let Conv { batch, channels, out, side, window, stride, padding } = *conv;
    let [x, w, b] = conv.arrays();
    let x = Tensor::from_vec(x, (batch, channels, side, side), &Cpu)?;
    let w = Tensor::from_vec(w, (out, channels, window, window), &Cpu)?;
    let b = Tensor::from_vec(b, (1, out, 1, 1), &Cpu)?;
    Ok(one(move || x.conv2d(&w, padding, stride, 1, 1)?.broadcast_add(&b)))
}

pub fn convnet() -> Result<Box<dyn Job>> {
    let [w1, b1, w2, b2, scale1, shift1, w3, b3, w4, b4, scale2, shift2, w5, b5] = tensors(CONVNET)?;
    let [mean1, variance1, mean2, variance2] = tensors(STATISTICS)?;
    let norm1 = BatchNorm::new(32, mean1, variance1, scale1, shift1, f64::from(EPSILON))?;
    let norm2 = BatchNorm::new(64, mean2, variance2, scale2, shift2, f64::from(EPSILON))?;
    let x = Tensor::from_vec(inputs::digits(BATCH), (BATCH, 1, SIDE, SIDE), &Cpu)?;
    Ok(one(move || {
        let x = convolve(&convolve(&x, &w1, &b1)?.relu()?, &w2, &b2)?.relu()?;
        let x = norm1.forward_t(&x, false)?.max_pool2d(2)?;
        let x = convolve(&convolve(&x, &w3, &b3)?.relu()?, &w4, &b4)?.relu()?;
        let x = norm2.forward_t(&x, false)?.max_pool2d(2)?;
        x.flatten_from(1)?.matmul(&w5)?.broadcast_add(&b5)
    }))
}

struct Encoder {
    parameters: [Tensor; 12],
}

impl Module for Encoder {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [w_qkv, b_qkv, w_out, b_out, scale1, shift1, w_up, b_up, w_down, b_down, scale2, shift2] = &self.parameters;
        let mixed = attend(&x.matmul(w_qkv)?.broadcast_add(b_qkv)?)?;
        let x = (x + mixed.matmul(w_out)?.broadcast_add(b_out)?)?;
        let x = ops::layer_norm(&x, scale1, shift1, EPSILON)?;
        let inner = x.matmul(w_up)?.broadcast_add(b_up)?.gelu_erf()?;
        let x = (&x + inner.matmul(w_down)?.broadcast_add(b_down)?)?;
        ops::layer_norm(&x, scale2, shift2, EPSILON)
    }
}

fn attend(qkv: &Tensor) -> Result<Tensor> {
    let size = WIDTH / HEADS;
    let qkv = qkv.reshape((SEQUENCE, 3, HEADS, size))?.permute((1, 2, 0, 3))?.contiguous()?;
    let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
    let scores = (q.matmul(&k.transpose(D::Minus1, D::Minus2)?)? / (size as f64).sqrt())?;
    ops::softmax_last_dim(&scores)?.matmul(&v)?.transpose(0, 1)?.reshape((SEQUENCE, WIDTH))
}

pub fn encoder() -> Result<Box<dyn Job>> {
    let encoder = Encoder { parameters: tensors(ENCODER)? };
    let x = Tensor::from_vec(inputs::sequence(), (SEQUENCE, WIDTH), &Cpu)?;
    Ok(one(move || encoder.forward(&x)))
}
