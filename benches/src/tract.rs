//! The cases in tract: models built op by op, optimized, with the parameters as constants.

use tract_core::internal::*;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{add, max, mul};
use tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_linalg::multithread::{Executor, set_default_executor};

use crate::case::{Job, job};
use crate::inputs::{self, MLP, Mlp, ROWS};

fn product_op() -> TractResult<EinSum> {
    Ok(EinSum::new("mk,kn->mn".parse()?, f32::datum_type()))
}

fn compile(mut model: TypedModel, output: OutletId, inputs: Vec<Tensor>, threads: usize) -> TractResult<Box<dyn Job>> {
    // The default executor is a single thread whatever the machine has.
    set_default_executor(if threads == 1 { Executor::SingleThread } else { Executor::multithread(threads) });
    model.select_output_outlets(&[output])?;
    let mut state = model.into_optimized()?.into_runnable()?.spawn()?;
    let inputs: TVec<TValue> = inputs.into_iter().map(Tensor::into_tvalue).collect();
    let read = |out: &TVec<TValue>| TractResult::Ok(vec![out[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec()]);
    Ok(job(move || state.run(inputs.clone()), read))
}

pub fn mlp(batch: usize, threads: usize) -> TractResult<Box<dyn Job>> {
    let ([pixels, hidden, classes], net) = (MLP, Mlp::new(batch));
    let mut model = TypedModel::default();
    let x = model.add_source("x", f32::fact([batch, pixels]))?;
    let w1 = model.add_const("w1", Tensor::from_shape(&[pixels, hidden], &net.w1)?)?;
    let b1 = model.add_const("b1", Tensor::from_shape(&[1, hidden], &net.b1)?)?;
    let w2 = model.add_const("w2", Tensor::from_shape(&[hidden, classes], &net.w2)?)?;
    let b2 = model.add_const("b2", Tensor::from_shape(&[1, classes], &net.b2)?)?;
    let zero = model.add_const("zero", Tensor::from_shape(&[1, 1], &[0f32])?)?;
    let h = model.wire_node("h.product", product_op()?, &[x, w1])?[0];
    let h = model.wire_node("h.bias", add(), &[h, b1])?[0];
    let h = model.wire_node("h.relu", max(), &[h, zero])?[0];
    let scores = model.wire_node("scores.product", product_op()?, &[h, w2])?[0];
    let scores = model.wire_node("scores", add(), &[scores, b2])?[0];
    compile(model, scores, vec![Tensor::from_shape(&[batch, pixels], &net.x)?], threads)
}

pub fn product(size: usize, threads: usize) -> TractResult<Box<dyn Job>> {
    let (a, b) = inputs::factors(size);
    let mut model = TypedModel::default();
    let sources = [model.add_source("a", f32::fact([size, size]))?, model.add_source("b", f32::fact([size, size]))?];
    let out = model.wire_node("product", product_op()?, &sources)?[0];
    let shape = [size, size];
    compile(model, out, vec![Tensor::from_shape(&shape, &a)?, Tensor::from_shape(&shape, &b)?], threads)
}

pub fn softmax(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut model = TypedModel::default();
    let x = model.add_source("x", f32::fact(ROWS))?;
    let out = model.wire_node("softmax", Softmax::new(tvec![1], None, SoftmaxKind::Softmax), &[x])?[0];
    compile(model, out, vec![Tensor::from_shape(&ROWS, &inputs::rows())?], threads)
}

pub fn relu(threads: usize) -> TractResult<Box<dyn Job>> {
    let mut model = TypedModel::default();
    let x = model.add_source("x", f32::fact([inputs::ELEMENTS]))?;
    let [zero, one, two] = [0f32, 1.0, 2.0].map(|value| Tensor::from_shape(&[1], &[value]));
    let (zero, one) = (model.add_const("zero", zero?)?, model.add_const("one", one?)?);
    let two = model.add_const("two", two?)?;
    let y = model.wire_node("double", mul(), &[x, two])?[0];
    let y = model.wire_node("plus", add(), &[y, one])?[0];
    let y = model.wire_node("relu", max(), &[y, zero])?[0];
    compile(model, y, vec![Tensor::from_shape(&[inputs::ELEMENTS], &inputs::elements())?], threads)
}
