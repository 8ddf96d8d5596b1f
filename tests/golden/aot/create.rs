//! The cases of `create.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn arange_fraction() -> Tensor<f32, 8> {
        arange(0.5, 2.0, 0.2)
    }

    pub fn arange_down() -> Tensor<f32, 6> {
        arange(3.0, -1.0, -0.75)
    }

    pub fn arange_times(x: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 4> {
        arange(0.0, 4.0, 1.0) * x
    }

    pub fn arange_times_grad(x: Tensor<f32, 3, 1>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 1> {
        let out = arange(0.0, 4.0, 1.0) * x;
        (out * cot).sum().grad(x)
    }

    pub fn full_constant() -> Tensor<f32, 2, 3> {
        full([2, 3], 1.5)
    }

    pub fn full_plus(x: Tensor<f32, 3>) -> Tensor<f32, 2, 3> {
        full([2, 3], 1.5) + x
    }

    pub fn full_plus_grad(x: Tensor<f32, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 3> {
        let out = full([2, 3], 1.5) + x;
        (out * cot).sum().grad(x)
    }

    pub fn eye_three() -> Tensor<f32, 3, 3> {
        eye(3)
    }

    pub fn eye_matmul(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        eye(3).matmul(x) * 2.0
    }

    pub fn eye_matmul_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = eye(3).matmul(x) * 2.0;
        (out * cot).sum().grad(x)
    }

    pub fn tril(x: Tensor<f32, 4, 5>) -> Tensor<f32, 4, 5> {
        x.tril(0)
    }

    pub fn tril_grad(x: Tensor<f32, 4, 5>, cot: Tensor<f32, 4, 5>) -> Tensor<f32, 4, 5> {
        let out = x.tril(0);
        (out * cot).sum().grad(x)
    }

    pub fn tril_below(x: Tensor<f32, 5, 4>) -> Tensor<f32, 5, 4> {
        x.tril(-1)
    }

    pub fn tril_below_grad(x: Tensor<f32, 5, 4>, cot: Tensor<f32, 5, 4>) -> Tensor<f32, 5, 4> {
        let out = x.tril(-1);
        (out * cot).sum().grad(x)
    }

    pub fn tril_above(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        x.tril(1)
    }

    pub fn tril_above_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.tril(1);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn triu(x: Tensor<f32, 4, 5>) -> Tensor<f32, 4, 5> {
        x.triu(1)
    }

    pub fn triu_grad(x: Tensor<f32, 4, 5>, cot: Tensor<f32, 4, 5>) -> Tensor<f32, 4, 5> {
        let out = x.triu(1);
        (out * cot).sum().grad(x)
    }

    pub fn triu_zero(x: Tensor<f32, 5, 4>) -> Tensor<f32, 5, 4> {
        x.triu(0)
    }

    pub fn triu_zero_grad(x: Tensor<f32, 5, 4>, cot: Tensor<f32, 5, 4>) -> Tensor<f32, 5, 4> {
        let out = x.triu(0);
        (out * cot).sum().grad(x)
    }

    pub fn triu_below(x: Tensor<f32, 4, 4>) -> Tensor<f32, 4, 4> {
        x.triu(-1)
    }

    pub fn triu_below_grad(x: Tensor<f32, 4, 4>, cot: Tensor<f32, 4, 4>) -> Tensor<f32, 4, 4> {
        let out = x.triu(-1);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "create";

    case!(arange_fraction());
    case!(arange_down());
    case!(arange_times(x), arange_times_grad(x, cot));
    case!(full_constant());
    case!(full_plus(x), full_plus_grad(x, cot));
    case!(eye_three());
    case!(eye_matmul(x), eye_matmul_grad(x, cot));
    case!(tril(x), tril_grad(x, cot));
    case!(tril_below(x), tril_below_grad(x, cot));
    case!(tril_above(x), tril_above_grad(x, cot));
    case!(triu(x), triu_grad(x, cot));
    case!(triu_zero(x), triu_zero_grad(x, cot));
    case!(triu_below(x), triu_below_grad(x, cot));
}
