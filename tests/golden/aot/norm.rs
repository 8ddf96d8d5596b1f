//! The cases of `norm.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn layernorm(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.layernorm(1e-5)
    }

    pub fn layernorm_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.layernorm(1e-5);
        (out * cot).sum().grad(x)
    }

    pub fn layernorm_affine(x: Tensor<f32, 3, 5>, g: Tensor<f32, 5>, b: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        x.layernorm(1e-5) * g + b
    }

    pub fn layernorm_affine_grad(x: Tensor<f32, 3, 5>, g: Tensor<f32, 5>, b: Tensor<f32, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 5>, Tensor<f32, 5>, Tensor<f32, 5>) {
        let out = x.layernorm(1e-5) * g + b;
        (out * cot).sum().grad((x, g, b))
    }

    pub fn layernorm_cube(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        x.layernorm(1e-5)
    }

    pub fn layernorm_cube_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.layernorm(1e-5);
        (out * cot).sum().grad(x)
    }

    pub fn layernorm_large_eps(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.layernorm(0.5)
    }

    pub fn layernorm_large_eps_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.layernorm(0.5);
        (out * cot).sum().grad(x)
    }

    pub fn layernorm_far_from_zero(x: Tensor<f32, 2, 6>) -> Tensor<f32, 2, 6> {
        x.layernorm(1e-5)
    }

    pub fn layernorm_far_from_zero_grad(x: Tensor<f32, 2, 6>, cot: Tensor<f32, 2, 6>) -> Tensor<f32, 2, 6> {
        let out = x.layernorm(1e-5);
        (out * cot).sum().grad(x)
    }

    pub fn rmsnorm(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.rmsnorm(1e-5)
    }

    pub fn rmsnorm_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.rmsnorm(1e-5);
        (out * cot).sum().grad(x)
    }

    pub fn rmsnorm_affine(x: Tensor<f32, 3, 5>, g: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        x.rmsnorm(1e-5) * g
    }

    pub fn rmsnorm_affine_grad(x: Tensor<f32, 3, 5>, g: Tensor<f32, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 5>, Tensor<f32, 5>) {
        let out = x.rmsnorm(1e-5) * g;
        (out * cot).sum().grad((x, g))
    }

    pub fn rmsnorm_cube(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        x.rmsnorm(1e-5)
    }

    pub fn rmsnorm_cube_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.rmsnorm(1e-5);
        (out * cot).sum().grad(x)
    }

    pub fn batchnorm(x: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm()
    }

    pub fn batchnorm_grad(x: Tensor<f32, 2, 3, 2, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        let out = x.batchnorm();
        (out * cot).sum().grad(x)
    }

    pub fn batchnorm_affine(x: Tensor<f32, 2, 3, 2, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm(g, b)
    }

    pub fn batchnorm_affine_grad(x: Tensor<f32, 2, 3, 2, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> (Tensor<f32, 2, 3, 2, 3>, Tensor<f32, 3>, Tensor<f32, 3>) {
        let out = x.batchnorm(g, b);
        (out * cot).sum().grad((x, g, b))
    }
}

tensor_fn! {
    pub fn batchnorm_shift(x: Tensor<f32, 2, 3, 2, 3>, b: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm(None, b)
    }

    pub fn batchnorm_shift_grad(x: Tensor<f32, 2, 3, 2, 3>, b: Tensor<f32, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> (Tensor<f32, 2, 3, 2, 3>, Tensor<f32, 3>) {
        let out = x.batchnorm(None, b);
        (out * cot).sum().grad((x, b))
    }

    pub fn batchnorm_eps(x: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm(None, None, 0.5)
    }

    pub fn batchnorm_eps_grad(x: Tensor<f32, 2, 3, 2, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        let out = x.batchnorm(None, None, 0.5);
        (out * cot).sum().grad(x)
    }

    pub fn batchnorm_rows(x: Tensor<f32, 5, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>) -> Tensor<f32, 5, 3> {
        x.batchnorm(g, b)
    }

    pub fn batchnorm_rows_grad(x: Tensor<f32, 5, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>, cot: Tensor<f32, 5, 3>) -> (Tensor<f32, 5, 3>, Tensor<f32, 3>, Tensor<f32, 3>) {
        let out = x.batchnorm(g, b);
        (out * cot).sum().grad((x, g, b))
    }

    pub fn batchnorm_with(x: Tensor<f32, 2, 3, 2, 3>, m: Tensor<f32, 3>, v: Tensor<f32, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm_with(m, v, g, b)
    }

    pub fn batchnorm_with_grad(x: Tensor<f32, 2, 3, 2, 3>, m: Tensor<f32, 3>, v: Tensor<f32, 3>, g: Tensor<f32, 3>, b: Tensor<f32, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> (Tensor<f32, 2, 3, 2, 3>, Tensor<f32, 3>, Tensor<f32, 3>, Tensor<f32, 3>, Tensor<f32, 3>) {
        let out = x.batchnorm_with(m, v, g, b);
        (out * cot).sum().grad((x, m, v, g, b))
    }

    pub fn batchnorm_of_statistics(x: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        x.batchnorm_with(x.mean([0, 2, 3]), x.var_with([0, 2, 3], 0))
    }

    pub fn batchnorm_of_statistics_grad(x: Tensor<f32, 2, 3, 2, 3>, cot: Tensor<f32, 2, 3, 2, 3>) -> Tensor<f32, 2, 3, 2, 3> {
        let out = x.batchnorm_with(x.mean([0, 2, 3]), x.var_with([0, 2, 3], 0));
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "norm";

    case!(layernorm(x), layernorm_grad(x, cot));
    case!(layernorm_affine(x, g, b), layernorm_affine_grad(x, g, b, cot));
    case!(layernorm_cube(x), layernorm_cube_grad(x, cot));
    case!(layernorm_large_eps(x), layernorm_large_eps_grad(x, cot));
    case!(layernorm_far_from_zero(x), layernorm_far_from_zero_grad(x, cot));
    case!(rmsnorm(x), rmsnorm_grad(x, cot));
    case!(rmsnorm_affine(x, g), rmsnorm_affine_grad(x, g, cot));
    case!(rmsnorm_cube(x), rmsnorm_cube_grad(x, cot));
    case!(batchnorm(x), batchnorm_grad(x, cot));
    case!(batchnorm_affine(x, g, b), batchnorm_affine_grad(x, g, b, cot));
    case!(batchnorm_shift(x, b), batchnorm_shift_grad(x, b, cot));
    case!(batchnorm_eps(x), batchnorm_eps_grad(x, cot));
    case!(batchnorm_rows(x, g, b), batchnorm_rows_grad(x, g, b, cot));
    case!(batchnorm_with(x, m, v, g, b), batchnorm_with_grad(x, m, v, g, b, cot));
    case!(batchnorm_of_statistics(x), batchnorm_of_statistics_grad(x, cot));
}
