//! The cases of `random.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn words(seed: Tensor<u64>) -> Tensor<u32, 3, 5> {
        random_bits([3, 5], seed)
    }

    pub fn normals(seed: Tensor<u64>) -> Tensor<f32, 3, 5> {
        randn([3, 5], seed)
    }

    pub fn between(seed: Tensor<u64>) -> Tensor<f32, 3, 5> {
        uniform([3, 5], -0.3, 1.7, seed)
    }

    pub fn dropped(x: Tensor<f32, 4, 3>, seed: Tensor<u64>) -> Tensor<f32, 4, 3> {
        x.dropout(0.4, seed)
    }

    pub fn dropped_grad(x: Tensor<f32, 4, 3>, seed: Tensor<u64>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 4, 3> {
        let out = x.dropout(0.4, seed);
        (out * cot).sum().grad(x)
    }

    pub fn words_of_a_number() -> Tensor<u32, 9> {
        random_bits([9], 7)
    }

    pub fn normals_of_an_i32(seed: Tensor<i32>) -> Tensor<f32, 2, 2, 2> {
        randn([2, 2, 2], seed)
    }

    pub fn one_normal(x: Tensor<f32, 3>) -> Tensor<f32, 3> {
        randn([], 3) * x
    }

    pub fn one_normal_grad(x: Tensor<f32, 3>, cot: Tensor<f32, 3>) -> Tensor<f32, 3> {
        let out = randn([], 3) * x;
        (out * cot).sum().grad(x)
    }

    pub fn between_a_sum(x: Tensor<f32, 4>) -> Tensor<f32, 4> {
        (uniform([5, 4], 0.0, 1.0, 2) * x).sum(0)
    }

    pub fn between_a_sum_grad(x: Tensor<f32, 4>, cot: Tensor<f32, 4>) -> Tensor<f32, 4> {
        let out = (uniform([5, 4], 0.0, 1.0, 2) * x).sum(0);
        (out * cot).sum().grad(x)
    }

    pub fn seeds_that_follow(seed: Tensor<u64>) -> Tensor<u32, 4> {
        random_bits([4], seed * 2) ^ random_bits([4], seed * 2 + 1)
    }
}

mod tests {
    const THEME: &str = "random";

    case!(words(seed));
    case!(normals(seed));
    case!(between(seed));
    case!(dropped(x, seed), dropped_grad(x, seed, cot));
    case!(words_of_a_number());
    case!(normals_of_an_i32(seed));
    case!(one_normal(x), one_normal_grad(x, cot));
    case!(between_a_sum(x), between_a_sum_grad(x, cot));
    case!(seeds_that_follow(seed));
}
