//! The cases in tract: models built op by op, optimized, with the parameters as constants.

mod nets;

use tract_core::internal::*;

use tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Max, Mul};
use tract_core::ops::nn::gelu_approximate::gelu_approximate;
use tract_core::ops::nn::{Reduce, Reducer, RmsNorm, Softmax, SoftmaxKind};
use tract_linalg::multithread::{Executor, set_default_executor};

use crate::inputs::{self, ELEMENTS, EPSILON, LINE, MLP, Mlp, PERCEPTRON, ROWS, Row};
use crate::job::{Job, job};

pub use nets::{conv, convnet, encoder};

/// A model that grows op by op, and the inputs it is to be run with.
#[derive(Default)]
struct Net {
    model: TypedModel,
    inputs: TVec<TValue>,
}

impl Net {
    fn name(&self) -> String {
        format!("node{}", self.model.nodes.len())
    }

    fn source(&mut self, shape: &[usize], values: &[f32]) -> TractResult<OutletId> {
        self.inputs.push(Tensor::from_shape(shape, values)?.into_tvalue());
        self.model.add_source(self.name(), f32::fact(shape))
    }

    fn constant(&mut self, shape: &[usize], values: &[f32]) -> TractResult<OutletId> {
        self.model.add_const(self.name(), Tensor::from_shape(shape, values)?)
    }

    fn constants<const N: usize>(&mut self, rows: &[Row]) -> TractResult<[OutletId; N]> {
        let all: Vec<OutletId> =
            rows.iter().map(|row| self.constant(row.shape, &row.values())).collect::<TractResult<_>>()?;
        all.try_into().map_err(|_| format_err!("{N} arrays expected"))
    }

    fn op(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        Ok(self.model.wire_node(self.name(), op, inputs)?[0])
    }

    /// `op` on `a` and `b`, of which the one of lower rank is repeated along new leading axes.
    fn binary(&mut self, op: impl BinMiniOp, a: OutletId, b: OutletId) -> TractResult<OutletId> {
        let ranks = [a, b].map(|outlet| self.model.outlet_fact(outlet).map(|fact| fact.rank()));
        let [rank_a, rank_b] = ranks;
        let rank = rank_a?.max(rank_b?);
        let (a, b) = (self.of_rank(a, rank)?, self.of_rank(b, rank)?);
        self.op(TypedBinOp(Box::new(op), None), &[a, b])
    }

    fn of_rank(&mut self, mut x: OutletId, rank: usize) -> TractResult<OutletId> {
        for _ in self.model.outlet_fact(x)?.rank()..rank {
            x = self.op(AxisOp::Add(0), &[x])?;
        }
        Ok(x)
    }

    fn number(&mut self, op: impl BinMiniOp, x: OutletId, number: f32) -> TractResult<OutletId> {
        let number = self.constant(&[], &[number])?;
        self.binary(op, x, number)
    }

    fn relu(&mut self, x: OutletId) -> TractResult<OutletId> {
        self.number(Max, x, 0.0)
    }

    fn product(&mut self, a: OutletId, b: OutletId) -> TractResult<OutletId> {
        self.op(EinSum::new("mk,kn->mn".parse()?, f32::datum_type()), &[a, b])
    }

    fn linear(&mut self, x: OutletId, w: OutletId, b: OutletId) -> TractResult<OutletId> {
        let product = self.product(x, w)?;
        self.binary(Add, product, b)
    }

    /// Layernorm of rows of `width`: tract has it only without a mean.
    fn layernorm(&mut self, x: OutletId, width: usize, weight: OutletId, bias: OutletId) -> TractResult<OutletId> {
        let sum = self.op(Reduce::new(tvec![1], Reducer::Sum), &[x])?;
        let mean = self.number(Mul, sum, -1.0 / width as f32)?;
        let centred = self.binary(Add, x, mean)?;
        let normal = self.op(RmsNorm { axis: 1, eps: tensor0(EPSILON).into_arc_tensor() }, &[centred])?;
        let scaled = self.binary(Mul, normal, weight)?;
        self.binary(Add, scaled, bias)
    }

    fn compiled(mut self, output: OutletId, threads: usize) -> TractResult<Box<dyn Job>> {
        // The default executor is a single thread whatever the machine has.
        set_default_executor(if threads == 1 { Executor::SingleThread } else { Executor::multithread(threads) });
        self.model.select_output_outlets(&[output])?;
        let mut state = self.model.into_optimized()?.into_runnable()?.spawn()?;
        let read = |out: &TVec<TValue>| TractResult::Ok(vec![out[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec()]);
        let inputs = self.inputs;
        Ok(job(move || state.run(inputs.clone()), read))
    }
}

pub fn mlp(batch: usize, threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let x = net.source(&[batch, MLP[0]], &Mlp::new(batch).x)?;
    let [w1, b1, w2, b2] = net.constants(PERCEPTRON)?;
    let h = net.linear(x, w1, b1)?;
    let h = net.relu(h)?;
    let scores = net.linear(h, w2, b2)?;
    net.compiled(scores, threads)
}

pub fn product(shape: [usize; 3], threads: usize) -> TractResult<Box<dyn Job>> {
    let ((a, b), [m, k, n], mut net) = (inputs::factors(shape), shape, Net::default());
    let (a, b) = (net.source(&[m, k], &a)?, net.source(&[k, n], &b)?);
    let out = net.product(a, b)?;
    net.compiled(out, threads)
}

pub fn softmax(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let x = net.source(&ROWS, &inputs::rows())?;
    let out = net.op(Softmax::new(tvec![1], None, SoftmaxKind::Softmax), &[x])?;
    net.compiled(out, threads)
}

pub fn layernorm(threads: usize) -> TractResult<Box<dyn Job>> {
    let ((weight, bias), mut net) = (inputs::affine(), Net::default());
    let x = net.source(&ROWS, &inputs::rows())?;
    let (weight, bias) = (net.constant(&ROWS[1..], &weight)?, net.constant(&ROWS[1..], &bias)?);
    let out = net.layernorm(x, ROWS[1], weight, bias)?;
    net.compiled(out, threads)
}

/// The elementwise input, and `ax + b` of it.
fn line(net: &mut Net, [a, b]: [f32; 2]) -> TractResult<OutletId> {
    let x = net.source(&[ELEMENTS], &inputs::elements())?;
    let scaled = net.number(Mul, x, a)?;
    net.number(Add, scaled, b)
}

pub fn relu(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let line = line(&mut net, [2.0, 1.0])?;
    let out = net.relu(line)?;
    net.compiled(out, threads)
}

pub fn gelu(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let line = line(&mut net, LINE)?;
    let out = net.op(gelu_approximate(false), &[line])?;
    net.compiled(out, threads)
}

pub fn sum(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut net = Net::default();
    let x = net.source(&[ELEMENTS], &inputs::elements())?;
    let out = net.op(Reduce::new(tvec![0], Reducer::Sum), &[x])?;
    net.compiled(out, threads)
}
