//! Activation functions of neural networks.

use std::f64::consts::{FRAC_2_PI, LOG2_E};

use crate::dtype::DType;
use crate::ir::{Op, Uop};
use crate::tensor::argument::Term;
use crate::tensor::arithmetic::{maximum, minimum};
use crate::tensor::error::Error;
use crate::tensor::function::{exp, exp_limit, expm1, log1p};
use crate::tensor::primitive::{float, number_like, numeric};
use crate::tensor::registry::theme;

theme! {
    /// `max(x, 0)`; NaN stays. The gradient at 0 is 0.
    fn relu(x: Uop<'g>) -> Uop<'g> {
        Ok(numeric(x)?.maximum(0))
    }

    /// `x` where it is positive, else `slope * x`.
    @wide fn leaky_relu(x: Uop<'g>, slope: Option<f64>) -> Uop<'g> {
        let slope = slope.unwrap_or(0.01);
        Ok(float(x)?.like(0).lt(x).choose(x, x * slope))
    }

    /// `x` where it is positive, else `alpha * (e^x - 1)`.
    @wide fn elu(x: Uop<'g>, alpha: Option<f64>) -> Uop<'g> {
        // The bound keeps the derivative of the branch not taken finite.
        let below = expm1(minimum(float(x)?.into(), 1.0.into())?)? * alpha.unwrap_or(1.0);
        Ok(x.like(0).lt(x).choose(x, below))
    }

    /// `1 / (1 + e^-x)`.
    @wide fn sigmoid(x: Uop<'g>) -> Uop<'g> {
        Ok(logistic(above_limit(float(x)?) * -LOG2_E))
    }

    /// `x * sigmoid(x)`.
    @wide fn silu(x: Uop<'g>) -> Uop<'g> {
        // The factor is bounded too: a large one would make much of the little that is left of the sigmoid.
        let bounded = above_limit(float(x)?);
        Ok(bounded * logistic(bounded * -LOG2_E))
    }

    /// `ln(1 + e^x)`; above 40 that is `x` in every dtype.
    @wide fn softplus(x: Uop<'g>) -> Uop<'g> {
        let bounded = minimum(float(x)?.into(), 41f64.min(exp_limit(x.dtype())).into())?;
        Ok(x.like(40f64.min(exp_limit(x.dtype()) - 1.0)).lt(x).choose(x, log1p(exp(bounded)?)?))
    }

    /// `x * tanh(softplus(x))`.
    @wide fn mish(x: Uop<'g>) -> Uop<'g> {
        Ok(x * softplus(x)?.unary(Op::Tanh))
    }

    /// `x/2 * (1 + erf(x/√2))`.
    @wide fn gelu(x: Uop<'g>) -> Uop<'g> {
        let erf = (float(x)? * std::f64::consts::FRAC_1_SQRT_2).unary(Op::Erf);
        Ok(x * 0.5 * (erf + 1.0))
    }

    /// `gelu` with erf replaced by a tanh: `x/2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`.
    @wide fn gelu_tanh(x: Uop<'g>) -> Uop<'g> {
        // (1 + tanh z)/2 is sigmoid(2z), in which nothing cancels. It is 0 or 1 beyond the bound, whose power is finite.
        let bound = if float(x)?.dtype() == DType::F64 { 21.0 } else { 9.98 };
        let above = x.maximum(-bound);
        let minus = (-above).maximum(-bound);
        let rate = 2.0 * LOG2_E * FRAC_2_PI.sqrt();
        Ok(above * logistic((minus * minus * (rate * 0.044715) + rate) * minus))
    }

    /// `x` limited to -1..1.
    fn hardtanh(x: Uop<'g>) -> Uop<'g> {
        minimum(float(x)?.maximum(-1.0).into(), 1.0.into())
    }

    /// `x` limited to 0..6.
    fn relu6(x: Uop<'g>) -> Uop<'g> {
        minimum(relu(x)?.into(), 6.into())
    }

    /// `x` limited to `min..=max`; NaN stays. The gradient outside and at constant limits is 0.
    fn clamp(x: Uop<'g>, min: Term<'g>, max: Term<'g>) -> Uop<'g> {
        let value = |limit| number_like(x.graph(), limit, x.dtype()).map(|limit| limit.as_const());
        if let (Some(low), Some(high)) = (value(min)?, value(max)?)
            && low.to_f64() > high.to_f64()
        {
            return Err(Error::new(format!("min is {low}, which is above max, {high}")));
        }
        minimum(maximum(x.into(), min)?.into(), max)
    }
}

/// `1 / (1 + 2^exponent)`.
fn logistic(exponent: Uop<'_>) -> Uop<'_> {
    (exponent.unary(Op::Exp2) + 1.0).recip()
}

/// `x`, but not so small that `e^-x` overflows: the derivative would be 0 * ∞.
fn above_limit(x: Uop<'_>) -> Uop<'_> {
    x.maximum(-exp_limit(x.dtype()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::Dim;
    use crate::interpret::{Array, evaluate};
    use crate::ir::Graph;
    use crate::tensor::{grad, sum};

    type Activation = for<'g> fn(Uop<'g>) -> Result<Uop<'g>, Error>;

    /// The argument of a sigmoid, and its derivative.
    type Argument = fn(f64) -> [f64; 2];

    /// What `activation` makes of f32, and its gradients.
    fn run(activation: Activation, inputs: &[f64]) -> [Vec<f64>; 2] {
        let g = Graph::new();
        let x = g.buffer(DType::F32, vec![Dim::from(inputs.len() as i64)]);
        let y = activation(x).unwrap();
        let gradient = grad(sum(y, None).unwrap(), &[x]).unwrap();
        let given = |_| Array::from_f64(DType::F32, &[inputs.len()], inputs).ok();
        let arrays = evaluate(&[y, gradient[0]], &given, &|_| 0).unwrap_or_else(|error| panic!("{error}"));
        [0, 1].map(|at| arrays[at].to_f64())
    }

    /// `x sigmoid(z)` and its derivative, for a `z` with a derivative.
    fn exact(x: f64, [z, slope]: [f64; 2]) -> [f64; 2] {
        let s = 1.0 / (1.0 + (-z).exp());
        [x * s, s + x * s / (1.0 + z.exp()) * slope]
    }

    /// The argument of the sigmoid in `gelu_tanh`, and its derivative.
    fn cubic(x: f64) -> [f64; 2] {
        let rate = 2.0 * FRAC_2_PI.sqrt();
        [rate * (x + 0.044715 * x * x * x), rate * (1.0 + 3.0 * 0.044715 * x * x)]
    }

    #[test]
    fn activations_by_a_sigmoid_are_accurate_also_where_they_vanish() {
        let cases: [(Activation, Argument, f64); 2] = [(gelu_tanh, cubic, 9.9), (silu, |x| [x, 1.0], 86.0)];
        for (activation, inner, limit) in cases {
            let inputs: Vec<f64> = (-8000..=8000).map(|i| f64::from((f64::from(i) / 8000.0 * limit) as f32)).collect();
            let [values, gradients] = run(activation, &inputs);
            for (i, &x) in inputs.iter().enumerate() {
                let [y, d] = exact(x, inner(x));
                // An exponent is rounded to as many bits as any number, so its power is less exact the larger it is.
                let error = 4e-7 * (1.0 + (-inner(x)[0]).max(0.0));
                assert!((values[i] - y).abs() <= error * y.abs(), "{x}: {:e}, not {y:e}", values[i]);
                // The derivative of 1/u is -1/u², which is too small for f32 well before 1/u is.
                let bound = 4.0 * error * d.abs().max(y.abs()) + 1e-18;
                assert!((gradients[i] - d).abs() <= bound, "{x}: {:e}, not {d:e}", gradients[i]);
            }
        }
    }

    #[test]
    fn activations_of_what_is_large_are_it_or_nothing() {
        let inputs = [1e2, 1e10, 1e20f32.into(), f32::MAX.into()];
        for activation in [gelu_tanh, silu] {
            assert_eq!(run(activation, &inputs), [inputs.to_vec(), vec![1.0; inputs.len()]]);
            let [values, gradients] = run(activation, &inputs.map(|x| -x));
            assert!(values.iter().all(|y| y.abs() < 1e-35), "{values:?}");
            assert_eq!(gradients, [0.0; 4]);
            let [infinity, nan] = [f64::INFINITY, f64::NAN].map(|x| run(activation, &[x])[0][0]);
            assert!(infinity == f64::INFINITY && nan.is_nan(), "{infinity}, {nan}");
        }
    }
}
