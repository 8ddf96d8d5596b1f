//! The cases of `loss.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn cross_entropy(x: Tensor<f32, 4, 5>, y: Tensor<i64, 4>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    pub fn cross_entropy_grad(x: Tensor<f32, 4, 5>, y: Tensor<i64, 4>, cot: Tensor<f32>) -> Tensor<f32, 4, 5> {
        let out = x.cross_entropy(y);
        (out * cot).sum().grad(x)
    }

    pub fn cross_entropy_u8(x: Tensor<f32, 4, 5>, y: Tensor<u8, 4>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    pub fn cross_entropy_u8_grad(x: Tensor<f32, 4, 5>, y: Tensor<u8, 4>, cot: Tensor<f32>) -> Tensor<f32, 4, 5> {
        let out = x.cross_entropy(y);
        (out * cot).sum().grad(x)
    }

    pub fn cross_entropy_wide(x: Tensor<f32, 3, 4>, y: Tensor<i64, 3>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    pub fn cross_entropy_wide_grad(x: Tensor<f32, 3, 4>, y: Tensor<i64, 3>, cot: Tensor<f32>) -> Tensor<f32, 3, 4> {
        let out = x.cross_entropy(y);
        (out * cot).sum().grad(x)
    }

    pub fn cross_entropy_one(x: Tensor<f32, 1, 6>, y: Tensor<i64, 1>) -> Tensor<f32> {
        x.cross_entropy(y)
    }

    pub fn cross_entropy_one_grad(x: Tensor<f32, 1, 6>, y: Tensor<i64, 1>, cot: Tensor<f32>) -> Tensor<f32, 1, 6> {
        let out = x.cross_entropy(y);
        (out * cot).sum().grad(x)
    }

    pub fn mse(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32> {
        x.mse(y)
    }

    pub fn mse_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x.mse(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn mse_vector(x: Tensor<f32, 7>, y: Tensor<f32, 7>) -> Tensor<f32> {
        x.mse(y)
    }

    pub fn mse_vector_grad(x: Tensor<f32, 7>, y: Tensor<f32, 7>, cot: Tensor<f32>) -> (Tensor<f32, 7>, Tensor<f32, 7>) {
        let out = x.mse(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn linear_mse(x: Tensor<f32, 4, 3>, m: Tensor<f32, 3, 2>, b: Tensor<f32, 2>, y: Tensor<f32, 4, 2>) -> Tensor<f32> {
        (x.matmul(m) + b).mse(y)
    }

    pub fn linear_mse_grad(x: Tensor<f32, 4, 3>, m: Tensor<f32, 3, 2>, b: Tensor<f32, 2>, y: Tensor<f32, 4, 2>, cot: Tensor<f32>) -> (Tensor<f32, 4, 3>, Tensor<f32, 3, 2>, Tensor<f32, 2>, Tensor<f32, 4, 2>) {
        let out = (x.matmul(m) + b).mse(y);
        (out * cot).sum().grad((x, m, b, y))
    }

    pub fn mlp_cross_entropy(x: Tensor<f32, 4, 3>, m: Tensor<f32, 3, 5>, b: Tensor<f32, 5>, n: Tensor<f32, 5, 4>, d: Tensor<f32, 4>, y: Tensor<i64, 4>) -> Tensor<f32> {
        ((x.matmul(m) + b).relu().matmul(n) + d).cross_entropy(y)
    }

    pub fn mlp_cross_entropy_grad(x: Tensor<f32, 4, 3>, m: Tensor<f32, 3, 5>, b: Tensor<f32, 5>, n: Tensor<f32, 5, 4>, d: Tensor<f32, 4>, y: Tensor<i64, 4>, cot: Tensor<f32>) -> (Tensor<f32, 4, 3>, Tensor<f32, 3, 5>, Tensor<f32, 5>, Tensor<f32, 5, 4>, Tensor<f32, 4>) {
        let out = ((x.matmul(m) + b).relu().matmul(n) + d).cross_entropy(y);
        (out * cot).sum().grad((x, m, b, n, d))
    }

    pub fn mean_square(x: Tensor<f32, 3, 4>) -> Tensor<f32> {
        x.square().mean()
    }

    pub fn mean_square_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32>) -> Tensor<f32, 3, 4> {
        let out = x.square().mean();
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "loss";

    case!(cross_entropy(x, y), cross_entropy_grad(x, y, cot));
    case!(cross_entropy_u8(x, y), cross_entropy_u8_grad(x, y, cot));
    case!(cross_entropy_wide(x, y), cross_entropy_wide_grad(x, y, cot));
    case!(cross_entropy_one(x, y), cross_entropy_one_grad(x, y, cot));
    case!(mse(x, y), mse_grad(x, y, cot));
    case!(mse_vector(x, y), mse_vector_grad(x, y, cot));
    case!(linear_mse(x, m, b, y), linear_mse_grad(x, m, b, y, cot));
    case!(mlp_cross_entropy(x, m, b, n, d, y), mlp_cross_entropy_grad(x, m, b, n, d, y, cot));
    case!(mean_square(x), mean_square_grad(x, cot));
}
