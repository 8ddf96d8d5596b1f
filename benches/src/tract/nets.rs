//! Convolutions, the convolutional net and the encoder layer in tract.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::ops::cnn::{Conv as ConvOp, KernelFormat, MaxPool, PaddingSpec, PoolSpec};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Mul};
use tract_core::ops::nn::gelu_exact::gelu_exact;
use tract_core::ops::nn::{DataFormat, Softmax, SoftmaxKind};

use super::Net;
use crate::inputs::{self, BATCH, CONVNET, Conv, ENCODER, EPSILON, HEADS, Row, SEQUENCE, SIDE, STATISTICS, WIDTH};
use crate::job::Job;

impl Net {
    fn convolve(&mut self, conv: &Conv, x: OutletId, w: OutletId, b: OutletId) -> TractResult<OutletId> {
        let pool_spec = PoolSpec {
            padding: PaddingSpec::Explicit(tvec![conv.padding; 2], tvec![conv.padding; 2]),
            strides: Some(tvec![conv.stride; 2]),
            output_channels: conv.out,
            ..windows(conv.window, conv.channels)
        };
        self.op(ConvOp { pool_spec, kernel_fmt: KernelFormat::OIHW, group: 1, q_params: None }, &[x, w, b])
    }

    fn halved(&mut self, channels: usize, x: OutletId) -> TractResult<OutletId> {
        let pool_spec = PoolSpec { strides: Some(tvec![2; 2]), ..windows(2, channels) };
        self.op(MaxPool { pool_spec, with_index_outputs: None }, &[x])
    }

    /// Times `factor` and plus `term`, each one number a channel.
    fn by_channel(&mut self, x: OutletId, factor: &[f32], term: &[f32]) -> TractResult<OutletId> {
        let shape = [1, factor.len(), 1, 1];
        let (factor, term) = (self.constant(&shape, factor)?, self.constant(&shape, term)?);
        let scaled = self.binary(Mul, x, factor)?;
        self.binary(Add, scaled, term)
    }

    /// Two convolutions, batch normalization and the largest of squares, with six parameters.
    fn half(&mut self, convs: &[Conv], x: OutletId, rows: &[Row], seen: &[Row]) -> TractResult<OutletId> {
        let [w1, b1, w2, b2] = self.constants(&rows[..4])?;
        let x = self.convolve(&convs[0], x, w1, b1)?;
        let x = self.relu(x)?;
        let x = self.convolve(&convs[1], x, w2, b2)?;
        let x = self.relu(x)?;
        let (factor, term) = folded(&rows[4], &rows[5], seen);
        let x = self.by_channel(x, &factor, &term)?;
        self.halved(convs[1].out, x)
    }

    /// Part `which` of three of `qkv`, (heads, sequence, size).
    fn heads(&mut self, qkv: OutletId, which: usize) -> TractResult<OutletId> {
        let part = self.op(Slice::new(1, which * WIDTH, (which + 1) * WIDTH), &[qkv])?;
        let split = AxisOp::Reshape(1, tvec![WIDTH.to_dim()], tvec![HEADS.to_dim(), (WIDTH / HEADS).to_dim()]);
        let part = self.op(split, &[part])?;
        self.op(AxisOp::Move(1, 0), &[part])
    }

    fn attend(&mut self, qkv: OutletId) -> TractResult<OutletId> {
        let (q, k, v) = (self.heads(qkv, 0)?, self.heads(qkv, 1)?, self.heads(qkv, 2)?);
        let scores = self.op(EinSum::new("hqd,hkd->hqk".parse()?, f32::datum_type()), &[q, k])?;
        let scores = self.number(Mul, scores, 1.0 / ((WIDTH / HEADS) as f32).sqrt())?;
        let weights = self.op(Softmax::new(tvec![2], None, SoftmaxKind::Softmax), &[scores])?;
        let mixed = self.op(EinSum::new("hqk,hkd->qhd".parse()?, f32::datum_type()), &[weights, v])?;
        let merge = AxisOp::Reshape(1, tvec![HEADS.to_dim(), (WIDTH / HEADS).to_dim()], tvec![WIDTH.to_dim()]);
        self.op(merge, &[mixed])
    }
}

fn windows(size: usize, channels: usize) -> PoolSpec {
    PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: tvec![size; 2],
        padding: PaddingSpec::Valid,
        dilations: None,
        strides: None,
        input_channels: channels,
        output_channels: channels,
    }
}

/// Batch normalization in inference as one factor and one term a channel, as tract's reader of ONNX makes it.
fn folded(scale: &Row, shift: &Row, seen: &[Row]) -> (Vec<f32>, Vec<f32>) {
    let (mean, variance) = (seen[0].values(), seen[1].values());
    let factor: Vec<f32> = scale.values().iter().zip(variance).map(|(s, v)| s / (v + EPSILON).sqrt()).collect();
    let term = shift.values().iter().zip(&factor).zip(mean).map(|((s, f), m)| s - f * m).collect();
    (factor, term)
}

pub fn conv(conv: &Conv, threads: usize) -> TractResult<Box<dyn Job>> {
    let ([x, w, b], mut net) = (conv.arrays(), Net::default());
    let x = net.source(&[conv.batch, conv.channels, conv.side, conv.side], &x)?;
    let w = net.constant(&[conv.out, conv.channels, conv.window, conv.window], &w)?;
    let b = net.constant(&[conv.out], &b)?;
    let out = net.convolve(conv, x, w, b)?;
    net.compiled(out, threads)
}

pub fn convnet(threads: usize) -> TractResult<Box<dyn Job>> {
    let (convs, mut net) = (Conv::of_net(), Net::default());
    let x = net.source(&[BATCH, 1, SIDE, SIDE], &inputs::digits(BATCH))?;
    let x = net.half(&convs[..2], x, &CONVNET[..6], &STATISTICS[..2])?;
    let x = net.half(&convs[2..], x, &CONVNET[6..12], &STATISTICS[2..])?;
    let flat = AxisOp::Reshape(1, tvec![64.to_dim(), 3.to_dim(), 3.to_dim()], tvec![576.to_dim()]);
    let x = net.op(flat, &[x])?;
    let [w, b] = net.constants(&CONVNET[12..])?;
    let scores = net.linear(x, w, b)?;
    net.compiled(scores, threads)
}

pub fn encoder(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let x = net.source(&[SEQUENCE, WIDTH], &inputs::sequence())?;
    let [w_qkv, b_qkv, w_out, b_out, scale1, shift1, w_up, b_up, w_down, b_down, scale2, shift2] =
        net.constants(ENCODER)?;
    let qkv = net.linear(x, w_qkv, b_qkv)?;
    let mixed = net.attend(qkv)?;
    let mixed = net.linear(mixed, w_out, b_out)?;
    let x = net.binary(Add, x, mixed)?;
    let x = net.layernorm(x, WIDTH, scale1, shift1)?;
    let inner = net.linear(x, w_up, b_up)?;
    let inner = net.op(gelu_exact(), &[inner])?;
    let inner = net.linear(inner, w_down, b_down)?;
    let x = net.binary(Add, x, inner)?;
    let x = net.layernorm(x, WIDTH, scale2, shift2)?;
    net.compiled(x, threads)
}
