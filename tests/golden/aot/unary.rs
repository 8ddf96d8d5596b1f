//! The cases of `unary.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn exp(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.exp()
    }

    pub fn exp_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.exp();
        (out * cot).sum().grad(x)
    }

    pub fn exp2(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.exp2()
    }

    pub fn exp2_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.exp2();
        (out * cot).sum().grad(x)
    }

    pub fn expm1(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.expm1()
    }

    pub fn expm1_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.expm1();
        (out * cot).sum().grad(x)
    }

    pub fn log(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.log()
    }

    pub fn log_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.log();
        (out * cot).sum().grad(x)
    }

    pub fn log2(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.log2()
    }

    pub fn log2_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.log2();
        (out * cot).sum().grad(x)
    }

    pub fn log10(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.log10()
    }

    pub fn log10_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.log10();
        (out * cot).sum().grad(x)
    }

    pub fn log1p(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.log1p()
    }

    pub fn log1p_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.log1p();
        (out * cot).sum().grad(x)
    }

    pub fn sin(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.sin()
    }

    pub fn sin_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.sin();
        (out * cot).sum().grad(x)
    }

    pub fn cos(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.cos()
    }

    pub fn cos_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.cos();
        (out * cot).sum().grad(x)
    }

    pub fn tan(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.tan()
    }

    pub fn tan_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.tan();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn tanh(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.tanh()
    }

    pub fn tanh_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.tanh();
        (out * cot).sum().grad(x)
    }

    pub fn sqrt(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.sqrt()
    }

    pub fn sqrt_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.sqrt();
        (out * cot).sum().grad(x)
    }

    pub fn rsqrt(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.rsqrt()
    }

    pub fn rsqrt_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.rsqrt();
        (out * cot).sum().grad(x)
    }

    pub fn recip(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.recip()
    }

    pub fn recip_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.recip();
        (out * cot).sum().grad(x)
    }

    pub fn neg(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.neg()
    }

    pub fn neg_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.neg();
        (out * cot).sum().grad(x)
    }

    pub fn abs(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.abs()
    }

    pub fn abs_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.abs();
        (out * cot).sum().grad(x)
    }

    pub fn sign(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.sign()
    }

    pub fn sign_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.sign();
        (out * cot).sum().grad(x)
    }

    pub fn floor(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.floor()
    }

    pub fn floor_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.floor();
        (out * cot).sum().grad(x)
    }

    pub fn ceil(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.ceil()
    }

    pub fn ceil_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.ceil();
        (out * cot).sum().grad(x)
    }

    pub fn round(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.round()
    }

    pub fn round_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.round();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn trunc(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.trunc()
    }

    pub fn trunc_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.trunc();
        (out * cot).sum().grad(x)
    }

    pub fn square(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.square()
    }

    pub fn square_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.square();
        (out * cot).sum().grad(x)
    }

    pub fn erf(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.erf()
    }

    pub fn erf_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.erf();
        (out * cot).sum().grad(x)
    }

    pub fn gelu(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.gelu()
    }

    pub fn gelu_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.gelu();
        (out * cot).sum().grad(x)
    }

    pub fn gelu_tanh(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.gelu_tanh()
    }

    pub fn gelu_tanh_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.gelu_tanh();
        (out * cot).sum().grad(x)
    }

    pub fn sigmoid(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.sigmoid()
    }

    pub fn sigmoid_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.sigmoid();
        (out * cot).sum().grad(x)
    }

    pub fn relu(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.relu()
    }

    pub fn relu_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.relu();
        (out * cot).sum().grad(x)
    }

    pub fn leaky_relu(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.leaky_relu(0.01)
    }

    pub fn leaky_relu_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.leaky_relu(0.01);
        (out * cot).sum().grad(x)
    }

    pub fn elu(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.elu(1.0)
    }

    pub fn elu_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.elu(1.0);
        (out * cot).sum().grad(x)
    }

    pub fn silu(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.silu()
    }

    pub fn silu_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.silu();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn softplus(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.softplus()
    }

    pub fn softplus_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.softplus();
        (out * cot).sum().grad(x)
    }

    pub fn mish(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.mish()
    }

    pub fn mish_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.mish();
        (out * cot).sum().grad(x)
    }

    pub fn hardtanh(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.hardtanh()
    }

    pub fn hardtanh_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.hardtanh();
        (out * cot).sum().grad(x)
    }

    pub fn relu6(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.relu6()
    }

    pub fn relu6_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.relu6();
        (out * cot).sum().grad(x)
    }

    pub fn clamp(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.clamp(-1.0, 1.0)
    }

    pub fn clamp_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.clamp(-1.0, 1.0);
        (out * cot).sum().grad(x)
    }

    pub fn exp_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.exp()
    }

    pub fn exp_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.exp();
        (out * cot).sum().grad(x)
    }

    pub fn sin_wide(x: Tensor<f32, 12>) -> Tensor<f32, 12> {
        x.sin()
    }

    pub fn sin_wide_grad(x: Tensor<f32, 12>, cot: Tensor<f32, 12>) -> Tensor<f32, 12> {
        let out = x.sin();
        (out * cot).sum().grad(x)
    }

    pub fn cos_wide(x: Tensor<f32, 12>) -> Tensor<f32, 12> {
        x.cos()
    }

    pub fn cos_wide_grad(x: Tensor<f32, 12>, cot: Tensor<f32, 12>) -> Tensor<f32, 12> {
        let out = x.cos();
        (out * cot).sum().grad(x)
    }

    pub fn tanh_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.tanh()
    }

    pub fn tanh_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.tanh();
        (out * cot).sum().grad(x)
    }

    pub fn tanh_small(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.tanh()
    }

    pub fn tanh_small_grad(x: Tensor<f32, 4>, cot: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let out = x.tanh();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn sigmoid_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.sigmoid()
    }

    pub fn sigmoid_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.sigmoid();
        (out * cot).sum().grad(x)
    }

    pub fn softplus_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.softplus()
    }

    pub fn softplus_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.softplus();
        (out * cot).sum().grad(x)
    }

    pub fn gelu_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.gelu()
    }

    pub fn gelu_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.gelu();
        (out * cot).sum().grad(x)
    }

    pub fn expm1_small(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.expm1()
    }

    pub fn expm1_small_grad(x: Tensor<f32, 4>, cot: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let out = x.expm1();
        (out * cot).sum().grad(x)
    }

    pub fn log1p_small(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        x.log1p()
    }

    pub fn log1p_small_grad(x: Tensor<f32, 4>, cot: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let out = x.log1p();
        (out * cot).sum().grad(x)
    }

    pub fn log_small_and_large(x: Tensor<f32, 5>) -> Tensor<f32, 5> {
        x.log()
    }

    pub fn log_small_and_large_grad(x: Tensor<f32, 5>, cot: Tensor<f32, 5>) -> Tensor<f32, 5> {
        let out = x.log();
        (out * cot).sum().grad(x)
    }

    pub fn erf_wide(x: Tensor<f32, 10>) -> Tensor<f32, 10> {
        x.erf()
    }

    pub fn erf_wide_grad(x: Tensor<f32, 10>, cot: Tensor<f32, 10>) -> Tensor<f32, 10> {
        let out = x.erf();
        (out * cot).sum().grad(x)
    }

    pub fn round_tf32(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.round_tf32()
    }

    pub fn round_tf32_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.round_tf32();
        (out * cot).sum().grad(x)
    }

    pub fn minus(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        -x
    }

    pub fn minus_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = -x;
        (out * cot).sum().grad(x)
    }

    pub fn relu_twice_plus_one(x: Tensor<f32, 4, 3>) -> Tensor<f32, 4, 3> {
        (x * 2.0 + 1.0).relu()
    }

    pub fn relu_twice_plus_one_grad(x: Tensor<f32, 4, 3>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 4, 3> {
        let out = (x * 2.0 + 1.0).relu();
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn exp_f64(x: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        x.exp()
    }

    pub fn exp_f64_grad(x: Tensor<f64, 2, 3>, cot: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        let out = x.exp();
        (out * cot).sum().grad(x)
    }

    pub fn sin_f64(x: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        x.sin()
    }

    pub fn sin_f64_grad(x: Tensor<f64, 2, 3>, cot: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        let out = x.sin();
        (out * cot).sum().grad(x)
    }

    pub fn log_f64(x: Tensor<f64, 6>) -> Tensor<f64, 6> {
        x.log()
    }

    pub fn log_f64_grad(x: Tensor<f64, 6>, cot: Tensor<f64, 6>) -> Tensor<f64, 6> {
        let out = x.log();
        (out * cot).sum().grad(x)
    }

    pub fn tanh_f64(x: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        x.tanh()
    }

    pub fn tanh_f64_grad(x: Tensor<f64, 2, 3>, cot: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        let out = x.tanh();
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "unary";

    case!(exp(x), exp_grad(x, cot));
    case!(exp2(x), exp2_grad(x, cot));
    case!(expm1(x), expm1_grad(x, cot));
    case!(log(x), log_grad(x, cot));
    case!(log2(x), log2_grad(x, cot));
    case!(log10(x), log10_grad(x, cot));
    case!(log1p(x), log1p_grad(x, cot));
    case!(sin(x), sin_grad(x, cot));
    case!(cos(x), cos_grad(x, cot));
    case!(tan(x), tan_grad(x, cot));
    case!(tanh(x), tanh_grad(x, cot));
    case!(sqrt(x), sqrt_grad(x, cot));
    case!(rsqrt(x), rsqrt_grad(x, cot));
    case!(recip(x), recip_grad(x, cot));
    case!(neg(x), neg_grad(x, cot));
    case!(abs(x), abs_grad(x, cot));
    case!(sign(x), sign_grad(x, cot));
    case!(floor(x), floor_grad(x, cot));
    case!(ceil(x), ceil_grad(x, cot));
    case!(round(x), round_grad(x, cot));
    case!(trunc(x), trunc_grad(x, cot));
    case!(square(x), square_grad(x, cot));
    case!(erf(x), erf_grad(x, cot));
    case!(gelu(x), gelu_grad(x, cot));
    case!(gelu_tanh(x), gelu_tanh_grad(x, cot));
    case!(sigmoid(x), sigmoid_grad(x, cot));
    case!(relu(x), relu_grad(x, cot));
    case!(leaky_relu(x), leaky_relu_grad(x, cot));
    case!(elu(x), elu_grad(x, cot));
    case!(silu(x), silu_grad(x, cot));
    case!(softplus(x), softplus_grad(x, cot));
    case!(mish(x), mish_grad(x, cot));
    case!(hardtanh(x), hardtanh_grad(x, cot));
    case!(relu6(x), relu6_grad(x, cot));
    case!(clamp(x), clamp_grad(x, cot));
    case!(exp_wide(x), exp_wide_grad(x, cot));
    case!(sin_wide(x), sin_wide_grad(x, cot));
    case!(cos_wide(x), cos_wide_grad(x, cot));
    case!(tanh_wide(x), tanh_wide_grad(x, cot));
    case!(tanh_small(x), tanh_small_grad(x, cot));
    case!(sigmoid_wide(x), sigmoid_wide_grad(x, cot));
    case!(softplus_wide(x), softplus_wide_grad(x, cot));
    case!(gelu_wide(x), gelu_wide_grad(x, cot));
    case!(expm1_small(x), expm1_small_grad(x, cot));
    case!(log1p_small(x), log1p_small_grad(x, cot));
    case!(log_small_and_large(x), log_small_and_large_grad(x, cot));
    case!(erf_wide(x), erf_wide_grad(x, cot));
    case!(round_tf32(x), round_tf32_grad(x, cot));
    case!(minus(x), minus_grad(x, cot));
    case!(relu_twice_plus_one(x), relu_twice_plus_one_grad(x, cot));
    case!(exp_f64(x), exp_f64_grad(x, cot));
    case!(sin_f64(x), sin_f64_grad(x, cot));
    case!(log_f64(x), log_f64_grad(x, cot));
    case!(tanh_f64(x), tanh_f64_grad(x, cot));
}
