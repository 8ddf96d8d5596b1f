//! Attention: a mean of values, weighted by how well their keys fit a query.

use crate::dim::Dim;
use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::tensor::contraction::{matmul, product};
use crate::tensor::conversion::marked;
use crate::tensor::error::{Error, show_shape};
use crate::tensor::function::exp;
use crate::tensor::movement::transpose;
use crate::tensor::precision::{wide_dtype, widened};
use crate::tensor::primitive::{broadcast, broadcast_shape, count, float, position, reduced};
use crate::tensor::registry::theme;

theme! {
    /// `softmax(x kᵀ · scale) v` for queries `x`, (…, n, d), keys `k`, (…, m, d), and values `v`, (…, m, e). `mask`,
    /// which broadcasts to (…, n, m), says which keys take part (bool), or is added to the scores (floats). `scale` is
    /// 1/√d if left out. A query that no key takes part in gives zeros.
    fn attention(x: Uop<'g>, k: Uop<'g>, v: Uop<'g>, mask: Option<Uop<'g>>, scale: Option<f64>) -> Uop<'g> {
        check(x, k, v)?;
        let scores = scores(x, k, scale)?;
        let masked = mask.map_or(Ok(scores), |mask| masked(scores, mask, x.dtype()))?;
        weighted(v, masked)
    }

    /// `attention` in which query i sees the keys 0 to i only.
    fn causal_attention(x: Uop<'g>, k: Uop<'g>, v: Uop<'g>, scale: Option<f64>) -> Uop<'g> {
        check(x, k, v)?;
        let scores = scores(x, k, scale)?;
        let rank = scores.shape().len();
        let [query, key] = [rank - 2, rank - 1].map(|axis| position(x.graph(), scores.shape(), axis));
        weighted(v, masked(scores, !query.lt(key), x.dtype())?)
    }
}

/// Queries and keys are of one width, and each key has a value.
fn check(x: Uop, k: Uop, v: Uop) -> Result<(), Error> {
    let shapes = [float(x)?, k, v].map(|t| show_shape(t.shape())).join(", ");
    let misfit = |text: String| Err(Error::new(format!("queries, keys and values {shapes}: {text}")));
    let ([.., _, d], [.., m, e], [.., n, _]) = (x.shape(), k.shape(), v.shape()) else {
        return misfit("each needs two axes or more, (…, n, d)".to_string());
    };
    match () {
        _ if d != e => misfit(format!("queries have {d} elements, keys {e}")),
        _ if m != n => misfit(format!("there are {m} keys and {n} values")),
        _ => Ok(()),
    }
}

/// The product of each query with each key, times `scale`. Of the queries that would be less work, but in the innermost loop,
/// and narrow ones would be rounded; the scores are f32.
fn scores<'g>(x: Uop<'g>, k: Uop<'g>, scale: Option<f64>) -> Result<Uop<'g>, Error> {
    let (width, dtype) = (&x.shape()[x.shape().len() - 1], wide_dtype(x.dtype()));
    let scale = match (scale, width.known()) {
        (Some(scale), _) => x.graph().constant(dtype, scale),
        (None, Some(n)) => x.graph().constant(dtype, 1.0 / (n as f64).sqrt()),
        (None, None) => count(x.graph(), dtype, std::slice::from_ref(width))?.unary(Op::Sqrt).recip(),
    };
    let keys = transpose(k, -2, -1)?;
    Ok(product(x, keys)? * scale)
}

/// `scores`, of queries of type `dtype`, where `mask` allows them, or plus `mask`.
fn masked<'g>(scores: Uop<'g>, mask: Uop<'g>, dtype: DType) -> Result<Uop<'g>, Error> {
    let shape = scores.shape();
    let fits = broadcast_shape(shape, mask.shape()).is_ok_and(|both: Vec<Dim>| both == shape);
    match mask.dtype() {
        DType::BOOL if fits => Ok(broadcast(mask, shape).choose(scores, f64::NEG_INFINITY)),
        given if given == dtype && fits => Ok(scores + broadcast(widened(mask), shape)),
        given => {
            let wanted = format!("must be bool or {dtype} and broadcast to {}", show_shape(shape));
            Err(Error::new(format!("the mask {wanted}, got {given} {}", show_shape(mask.shape()))))
        }
    }
}

/// The mean of `v`, weighted by the softmax of `scores`. Narrow weights are rounded to the type of the values, so that matrix
/// units can multiply both. Others stay parts of their sum, by which results are divided: there are fewer of these.
fn weighted<'g>(v: Uop<'g>, scores: Uop<'g>) -> Result<Uop<'g>, Error> {
    let (powers, sum) = powers(scores)?;
    let divided = |x: Uop<'g>| x * broadcast(sum.recip(), x.shape());
    match v.dtype() == powers.dtype() {
        true => matmul(powers, v).map(divided),
        false => matmul(divided(powers).cast(v.dtype()), v),
    }
}

/// What softmax divides, and by what, over the last axis, but for zeros where all scores are -∞. For that the largest is
/// bounded, so that no infinities are subtracted, and so is the sum, which is at least 1 otherwise.
fn powers(scores: Uop<'_>) -> Result<(Uop<'_>, Uop<'_>), Error> {
    let last = [scores.shape().len() - 1];
    let largest = marked(Op::Detach, reduced(scores, Op::Max, &last)).maximum(LEAST_SCORE);
    let powers = exp(scores - broadcast(largest, scores.shape()))?;
    Ok((powers, reduced(powers, Op::Add, &last).maximum(0.5)))
}

/// A finite number that no score is below.
const LEAST_SCORE: f64 = -1e30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::{Array, evaluate};
    use crate::ir::Graph;
    use crate::tensor::{grad, softmax, sum};

    #[test]
    fn narrow_attention_rounds_its_weights_and_its_result() {
        let g = Graph::new();
        let shape = |n: i64, d: i64| vec![Dim::from(n), Dim::from(d)];
        let [x, k, v] = [(4, 8), (6, 8), (6, 5)].map(|(n, d)| g.buffer(DType::BF16, shape(n, d)));
        let [wide_x, wide_k, wide_v] = [x, k, v].map(|t| t.cast(DType::F32));
        let scores = matmul(wide_x, transpose(wide_k, -2, -1).unwrap()).unwrap() * (1.0 / 8f64.sqrt());
        let weights = softmax(scores, -1).unwrap().cast(DType::BF16).cast(DType::F32);
        let written_out = matmul(weights, wide_v).unwrap().cast(DType::BF16);
        let attended = attention(x, k, v, None, None).unwrap();
        let fill = |number: u32| {
            let tensor =
                [x, k, v].into_iter().find(|t| matches!(t.arg(), crate::ir::Arg::Buffer(n, _) if *n == number))?;
            let sizes: Vec<usize> = tensor.shape().iter().filter_map(|n| n.known()).map(|n| n as usize).collect();
            let value = |i: usize| ((i * 7 + number as usize * 3) % 13) as f64 * 0.21 - 1.2;
            let values: Vec<f64> = (0..sizes.iter().product()).map(value).collect();
            Array::from_f64(DType::BF16, &sizes, &values).ok()
        };
        let run = |y| {
            let loss = sum(y, None).unwrap();
            let roots = [vec![y], grad(loss * loss, &[x, k, v]).unwrap()].concat();
            evaluate(&roots, &fill, &|_| 0).unwrap_or_else(|e| panic!("{e}"))
        };
        assert_eq!(attended.dtype(), DType::BF16);
        assert_eq!(run(attended), run(written_out));
    }
}
