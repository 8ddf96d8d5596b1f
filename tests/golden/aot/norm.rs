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
}
