//! The cases of `edge.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn neg_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        -x
    }

    pub fn abs_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.abs()
    }

    pub fn double_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x + x
    }

    pub fn difference_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x - x
    }

    pub fn product_with_zero(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x * 0.0
    }

    pub fn quotient_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x / x
    }

    pub fn recip_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.recip()
    }

    pub fn sqrt_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.sqrt()
    }

    pub fn exp_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.exp()
    }

    pub fn exp_overflow(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.exp()
    }
}

tensor_fn! {
    pub fn log_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.log()
    }

    pub fn sin_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.sin()
    }

    pub fn tanh_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.tanh()
    }

    pub fn sigmoid_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.sigmoid()
    }

    pub fn erf_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.erf()
    }

    pub fn relu_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.relu()
    }

    pub fn clamp_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.clamp(-1.0, 1.0)
    }

    pub fn floor_special(x: Tensor<f32, 7>) -> Tensor<f32, 7> {
        x.floor()
    }

    pub fn lt_special(x: Tensor<f32, 7>) -> Tensor<bool, 7> {
        x.lt(0.0)
    }

    pub fn eq_self_special(x: Tensor<f32, 7>) -> Tensor<bool, 7> {
        x.eq(x)
    }
}

tensor_fn! {
    pub fn ne_self_special(x: Tensor<f32, 7>) -> Tensor<bool, 7> {
        x.ne(x)
    }

    pub fn sum_with_infinity(x: Tensor<f32, 3>) -> Tensor<f32> {
        x.sum()
    }

    pub fn sum_with_nan(x: Tensor<f32, 2, 2>) -> Tensor<f32, 2> {
        x.sum(1)
    }

    pub fn max_propagates_nan(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2> {
        x.max(1)
    }

    pub fn min_propagates_nan(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2> {
        x.min(1)
    }

    pub fn max_of_vectors_propagates_nan(x: Tensor<f32, 3, 16>) -> Tensor<f32, 16> {
        x.max(0)
    }

    pub fn max_of_negative(x: Tensor<f32, 2, 2>) -> Tensor<f32, 2> {
        x.max(1)
    }

    pub fn softmax_masked(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        x.softmax(-1)
    }

    pub fn logsumexp_masked(x: Tensor<f32, 1, 3>) -> Tensor<f32, 1> {
        x.logsumexp(-1)
    }

    pub fn where_does_not_leak_nan(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        x.ge(0.0).where_(x.sqrt(), 0.0)
    }
}

tensor_fn! {
    pub fn round_half_to_even(x: Tensor<f32, 6>) -> Tensor<f32, 6> {
        x.round()
    }

    pub fn round_tf32_exponents(x: Tensor<f32, 60>) -> Tensor<f32, 60> {
        x.round_tf32()
    }

    pub fn round_tf32_special(x: Tensor<f32, 16>) -> Tensor<f32, 16> {
        x.round_tf32()
    }

    pub fn argmax_first_of_ties(x: Tensor<f32, 2, 3>) -> Tensor<i64, 2> {
        x.argmax(1)
    }

    pub fn argmin_first_of_ties(x: Tensor<f32, 2, 3>) -> Tensor<i64, 2> {
        x.argmin(1)
    }

    pub fn pow_special(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
        x.pow(0.5)
    }

    pub fn fill_masked_pad(x: Tensor<f32, 2>) -> Tensor<f32, 4> {
        x.pad([(1, 1)])
    }

    pub fn add_special(x: Tensor<f32, 6>, y: Tensor<f32, 6>) -> Tensor<f32, 6> {
        x + y
    }

    pub fn maximum_special(x: Tensor<f32, 6>, y: Tensor<f32, 6>) -> Tensor<f32, 6> {
        x.maximum(y)
    }

    pub fn maximum_of_vectors(x: Tensor<f32, 48>, y: Tensor<f32, 48>) -> Tensor<f32, 48> {
        x.maximum(y)
    }
}

tensor_fn! {
    pub fn minimum_special(x: Tensor<f32, 6>, y: Tensor<f32, 6>) -> Tensor<f32, 6> {
        x.minimum(y)
    }

    pub fn relu_at_zero(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        x.relu()
    }

    pub fn relu_at_zero_grad(x: Tensor<f32, 3>, cot: Tensor<f32, 3>) -> Tensor<f32, 3> {
        let out = x.relu();
        (out * cot).sum().grad(x)
    }

    pub fn abs_at_zero(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        x.abs()
    }

    pub fn abs_at_zero_grad(x: Tensor<f32, 3>, cot: Tensor<f32, 3>) -> Tensor<f32, 3> {
        let out = x.abs();
        (out * cot).sum().grad(x)
    }

    pub fn clamp_at_bounds(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.clamp(-1.0, 1.0)
    }

    pub fn clamp_at_bounds_grad(x: Tensor<f32, 4>, cot: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let out = x.clamp(-1.0, 1.0);
        (out * cot).sum().grad(x)
    }

    pub fn max_ties_share(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2> {
        x.max(1)
    }

    pub fn max_ties_share_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2>) -> Tensor<f32, 2, 3> {
        let out = x.max(1);
        (out * cot).sum().grad(x)
    }

    pub fn maximum_ties_share(x: Tensor<f32, 2>, y: Tensor<f32, 2>) -> Tensor<f32, 2> {
        x.maximum(y)
    }

    pub fn maximum_ties_share_grad(x: Tensor<f32, 2>, y: Tensor<f32, 2>, cot: Tensor<f32, 2>) -> (Tensor<f32, 2>, Tensor<f32, 2>) {
        let out = x.maximum(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn prod_with_zero(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2> {
        x.prod(1)
    }

    pub fn prod_with_zero_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2>) -> Tensor<f32, 2, 3> {
        let out = x.prod(1);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_of_equal(x: Tensor<f32, 1, 4>) -> Tensor<f32, 1, 4> {
        x.softmax(-1)
    }

    pub fn softmax_of_equal_grad(x: Tensor<f32, 1, 4>, cot: Tensor<f32, 1, 4>) -> Tensor<f32, 1, 4> {
        let out = x.softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn single_element(x: Tensor<f32, 1>) -> Tensor<f32> {
        x.sum().exp()
    }

    pub fn single_element_grad(x: Tensor<f32, 1>, cot: Tensor<f32>) -> Tensor<f32, 1> {
        let out = x.sum().exp();
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "edge";

    case!(neg_special(x));
    case!(abs_special(x));
    case!(double_special(x));
    case!(difference_special(x));
    case!(product_with_zero(x));
    case!(quotient_special(x));
    case!(recip_special(x));
    case!(sqrt_special(x));
    case!(exp_special(x));
    case!(exp_overflow(x));
    case!(log_special(x));
    case!(sin_special(x));
    case!(tanh_special(x));
    case!(sigmoid_special(x));
    case!(erf_special(x));
    case!(relu_special(x));
    case!(clamp_special(x));
    case!(floor_special(x));
    case!(lt_special(x));
    case!(eq_self_special(x));
    case!(ne_self_special(x));
    case!(sum_with_infinity(x));
    case!(sum_with_nan(x));
    case!(max_propagates_nan(x));
    case!(min_propagates_nan(x));
    case!(max_of_vectors_propagates_nan(x));
    case!(max_of_negative(x));
    case!(softmax_masked(x));
    case!(logsumexp_masked(x));
    case!(where_does_not_leak_nan(x));
    case!(round_half_to_even(x));
    case!(round_tf32_exponents(x));
    case!(round_tf32_special(x));
    case!(argmax_first_of_ties(x));
    case!(argmin_first_of_ties(x));
    case!(pow_special(x));
    case!(fill_masked_pad(x));
    case!(add_special(x, y));
    case!(maximum_special(x, y));
    case!(maximum_of_vectors(x, y));
    case!(minimum_special(x, y));
    case!(relu_at_zero(x), relu_at_zero_grad(x, cot));
    case!(abs_at_zero(x), abs_at_zero_grad(x, cot));
    case!(clamp_at_bounds(x), clamp_at_bounds_grad(x, cot));
    case!(max_ties_share(x), max_ties_share_grad(x, cot));
    case!(maximum_ties_share(x, y), maximum_ties_share_grad(x, y, cot));
    case!(prod_with_zero(x), prod_with_zero_grad(x, cot));
    case!(softmax_of_equal(x), softmax_of_equal_grad(x, cot));
    case!(single_element(x), single_element_grad(x, cot));
}
