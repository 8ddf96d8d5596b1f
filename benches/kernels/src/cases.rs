//! The cases: a row each, here and in `table/cases.py`. A test compares the two lists.

use tg::{Float, Result, StaticShape, Tensor};

use crate::functions::*;
use crate::run::{Run, Uniform};

/// Inputs of the elementwise and row-wise cases. Sums of positive numbers lose no digits.
const X: Uniform = Uniform { seed: 7, scale: 1.0, offset: 1.0 };
/// The first and the second factor, and what is added to a product.
const A: Uniform = centred(11, 1.0);
const B: Uniform = centred(12, 1.0);
const BIAS: Uniform = centred(13, 1.0);
/// Factor and term of the argument of gelu.
const LINE: [f32; 2] = [0.75, 0.25];
/// Learning rate of the train step.
const RATE: f32 = 0.1;

/// Makes and times one case.
pub type Case = fn(&mut Run) -> Result<()>;

/// Every case with its name.
pub const CASES: &[(&str, Case)] = &[
    ("gelu_f32", |run| {
        let x = run.uniform(centred(7, 2.0))?;
        run.timed(|y| gelu_f32_into(&x, LINE[0], LINE[1], y))
    }),
    ("sum_f32", |run| rowwise(run, sum_f32_into)),
    ("softmax_f32", |run| rowwise(run, softmax_f32_into)),
    ("softmax_bf16", |run| rowwise(run, softmax_bf16_into)),
    ("layernorm_f32", |run| rowwise(run, layernorm_f32_into)),
    ("layernorm_bf16", |run| rowwise(run, layernorm_bf16_into)),
    ("rmsnorm_f32", |run| rowwise(run, rmsnorm_f32_into)),
    ("rmsnorm_bf16", |run| rowwise(run, rmsnorm_bf16_into)),
    ("product_bf16_4096", |run| product(run, product_bf16_4096_into)),
    ("product_bf16_8192", |run| product(run, product_bf16_8192_into)),
    ("product_bf16_odd", |run| product(run, product_bf16_odd_into)),
    ("product_bf16_1", |run| product(run, product_bf16_1_into)),
    ("product_bf16_16", |run| product(run, product_bf16_16_into)),
    ("product_f32_4096", |run| product(run, product_f32_4096_into)),
    ("product_tf32_8192", |run| product(run, product_tf32_8192_into)),
    ("linear_gelu_bf16_4096", |run| {
        let (x, w, b) = (run.uniform(A)?, run.uniform(B)?, run.uniform(BIAS)?);
        run.timed(|y| linear_gelu_bf16_4096_into(&x, &w, &b, y))
    }),
    ("conv_bf16", |run| product(run, conv_bf16_into)),
    ("conv_f32", |run| product(run, conv_f32_into)),
    ("mlp_1", |run| {
        let (x, net) = (run.uniform(centred(1, 1.0))?, net(run)?);
        run.timed(|y| mlp_1_into(&net, &x, y))
    }),
    ("mlp_32", |run| {
        let (x, net) = (run.uniform(centred(1, 1.0))?, net(run)?);
        run.timed(|y| mlp_32_into(&net, &x, y))
    }),
    ("mlp_train", train),
];

const fn centred(seed: u32, scale: f32) -> Uniform {
    Uniform { seed, scale, offset: 0.0 }
}

fn rowwise<T: Float, S: StaticShape, R: StaticShape>(
    run: &mut Run,
    call: impl Fn(&Tensor<T, S>, &mut Tensor<T, R>) -> Result<()>,
) -> Result<()> {
    let x = run.uniform(X)?;
    run.timed(|y| call(&x, y))
}

fn product<T: Float, L: StaticShape, R: StaticShape, P: StaticShape>(
    run: &mut Run,
    call: impl Fn(&Tensor<T, L>, &Tensor<T, R>, &mut Tensor<T, P>) -> Result<()>,
) -> Result<()> {
    let (a, b) = (run.uniform(A)?, run.uniform(B)?);
    run.timed(|y| call(&a, &b, y))
}

fn net(run: &mut Run) -> Result<Mlp> {
    Ok(Mlp {
        w1: run.uniform(centred(2, 1.0 / 16.0))?,
        b1: run.uniform(centred(3, 1.0 / 8.0))?,
        w2: run.uniform(centred(4, 1.0 / 8.0))?,
        b2: run.uniform(centred(5, 1.0 / 8.0))?,
    })
}

/// What is checked is the first step: the loss before it, and the parameters after it.
fn train(run: &mut Run) -> Result<()> {
    let (x, y, mut net) = (run.below(1, 256)?, run.below(6, 10)?, net(run)?);
    let mut loss = mlp_train(&mut net, &x, &y, RATE)?;
    run.output(&loss)?;
    run.output(&net.w1)?;
    run.output(&net.b1)?;
    run.output(&net.w2)?;
    run.output(&net.b2)?;
    run.time(|| mlp_train_into(&mut net, &x, &y, RATE, &mut loss))
}
