//! The cases in candle, with its fused kernels where it has them.

mod nets;

use candle_core::{Device::Cpu, Error, Result, Tensor, Var};
use candle_nn::{Optimizer, SGD, loss, ops};

use crate::inputs::{self, EPSILON, LINE, MLP, Mlp, PERCEPTRON, RATE, ROWS, Row};
use crate::job::{Job, job};

pub use nets::{conv, convnet, encoder};

fn read(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

fn one(call: impl FnMut() -> Result<Tensor> + 'static) -> Box<dyn Job> {
    job(call, |out| Ok(vec![read(out)?]))
}

/// A tensor for each row.
fn tensors<const N: usize>(rows: &[Row]) -> Result<[Tensor; N]> {
    let tensors: Vec<Tensor> =
        rows.iter().map(|row| Tensor::from_vec(row.values(), row.shape, &Cpu)).collect::<Result<_>>()?;
    tensors.try_into().map_err(|all: Vec<Tensor>| Error::Msg(format!("{N} tensors expected, not {}", all.len())))
}

fn logits(x: &Tensor, [w1, b1, w2, b2]: [&Tensor; 4]) -> Result<Tensor> {
    x.matmul(w1)?.broadcast_add(b1)?.relu()?.matmul(w2)?.broadcast_add(b2)
}

pub fn mlp(batch: usize) -> Result<Box<dyn Job>> {
    let x = Tensor::from_vec(Mlp::new(batch).x, (batch, MLP[0]), &Cpu)?;
    let parameters: [Tensor; 4] = tensors(PERCEPTRON)?;
    Ok(one(move || logits(&x, parameters.each_ref())))
}

pub fn train(batch: usize) -> Result<Box<dyn Job>> {
    let net = Mlp::new(batch);
    let x = Tensor::from_slice(&net.x, (batch, MLP[0]), &Cpu)?;
    let y = Tensor::from_slice(&net.y, batch, &Cpu)?;
    let parameters = tensors::<4>(PERCEPTRON)?.map(|tensor| Var::from_tensor(&tensor));
    let parameters: Vec<Var> = parameters.into_iter().collect::<Result<_>>()?;
    let mut sgd = SGD::new(parameters.clone(), f64::from(RATE))?;
    let trained = parameters.clone();
    let step = move || {
        let [w1, b1, w2, b2] = &parameters[..] else { return Err(Error::Msg("four parameters".to_string())) };
        let loss = loss::cross_entropy(&logits(&x, [w1, b1, w2, b2])?, &y)?;
        sgd.step(&loss.backward()?)?;
        Ok(loss)
    };
    Ok(job(step, move |loss| {
        let now: Vec<Vec<f32>> = trained.iter().map(|var| read(var)).collect::<Result<_>>()?;
        Ok([read(loss)?].into_iter().chain(moved(&net, &now)).collect())
    }))
}

/// How far training moved each parameter.
fn moved(net: &Mlp, now: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let difference = |(now, start): (&Vec<f32>, &Vec<f32>)| now.iter().zip(start).map(|(n, s)| n - s).collect();
    now.iter().zip(&net.parameters).map(difference).collect()
}

pub fn product(shape: [usize; 3]) -> Result<Box<dyn Job>> {
    let ((a, b), [m, k, n]) = (inputs::factors(shape), shape);
    let (a, b) = (Tensor::from_vec(a, (m, k), &Cpu)?, Tensor::from_vec(b, (k, n), &Cpu)?);
    Ok(one(move || a.matmul(&b)))
}

fn rows() -> Result<Tensor> {
    Tensor::from_vec(inputs::rows(), (ROWS[0], ROWS[1]), &Cpu)
}

fn elements() -> Result<Tensor> {
    Tensor::from_vec(inputs::elements(), inputs::ELEMENTS, &Cpu)
}

pub fn softmax() -> Result<Box<dyn Job>> {
    let x = rows()?;
    Ok(one(move || ops::softmax_last_dim(&x)))
}

pub fn layernorm() -> Result<Box<dyn Job>> {
    let x = rows()?;
    let (weight, bias) = inputs::affine();
    let (weight, bias) = (Tensor::from_vec(weight, ROWS[1], &Cpu)?, Tensor::from_vec(bias, ROWS[1], &Cpu)?);
    Ok(one(move || ops::layer_norm(&x, &weight, &bias, EPSILON)))
}

pub fn relu() -> Result<Box<dyn Job>> {
    let x = elements()?;
    Ok(one(move || x.affine(2.0, 1.0)?.relu()))
}

pub fn gelu() -> Result<Box<dyn Job>> {
    let (x, [a, b]) = (elements()?, LINE.map(f64::from));
    // candle's `gelu` is the one with tanh.
    Ok(one(move || x.affine(a, b)?.gelu()))
}

pub fn sum() -> Result<Box<dyn Job>> {
    let x = elements()?;
    Ok(one(move || x.sum_all()))
}
