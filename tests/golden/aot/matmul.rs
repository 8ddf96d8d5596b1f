//! The cases of `matmul.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn matmul(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4, 5>) -> Tensor<f32, 3, 5> {
        x.matmul(y)
    }

    pub fn matmul_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4, 5>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_row(x: Tensor<f32, 1, 6>, y: Tensor<f32, 6, 3>) -> Tensor<f32, 1, 3> {
        x.matmul(y)
    }

    pub fn matmul_row_grad(x: Tensor<f32, 1, 6>, y: Tensor<f32, 6, 3>, cot: Tensor<f32, 1, 3>) -> (Tensor<f32, 1, 6>, Tensor<f32, 6, 3>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_column(x: Tensor<f32, 5, 3>, y: Tensor<f32, 3, 1>) -> Tensor<f32, 5, 1> {
        x.matmul(y)
    }

    pub fn matmul_column_grad(x: Tensor<f32, 5, 3>, y: Tensor<f32, 3, 1>, cot: Tensor<f32, 5, 1>) -> (Tensor<f32, 5, 3>, Tensor<f32, 3, 1>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_inner_one(x: Tensor<f32, 4, 1>, y: Tensor<f32, 1, 3>) -> Tensor<f32, 4, 3> {
        x.matmul(y)
    }

    pub fn matmul_inner_one_grad(x: Tensor<f32, 4, 1>, y: Tensor<f32, 1, 3>, cot: Tensor<f32, 4, 3>) -> (Tensor<f32, 4, 1>, Tensor<f32, 1, 3>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_dot(x: Tensor<f32, 7>, y: Tensor<f32, 7>) -> Tensor<f32> {
        x.matmul(y)
    }

    pub fn matmul_dot_grad(x: Tensor<f32, 7>, y: Tensor<f32, 7>, cot: Tensor<f32>) -> (Tensor<f32, 7>, Tensor<f32, 7>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_vector_left(x: Tensor<f32, 4>, y: Tensor<f32, 4, 3>) -> Tensor<f32, 3> {
        x.matmul(y)
    }

    pub fn matmul_vector_left_grad(x: Tensor<f32, 4>, y: Tensor<f32, 4, 3>, cot: Tensor<f32, 3>) -> (Tensor<f32, 4>, Tensor<f32, 4, 3>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_vector_right(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4>) -> Tensor<f32, 3> {
        x.matmul(y)
    }

    pub fn matmul_vector_right_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4>, cot: Tensor<f32, 3>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_batched(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 2, 4, 2>) -> Tensor<f32, 2, 3, 2> {
        x.matmul(y)
    }

    pub fn matmul_batched_grad(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 2, 4, 2>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 2, 4, 2>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_batch_left_only(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 4, 2>) -> Tensor<f32, 2, 3, 2> {
        x.matmul(y)
    }

    pub fn matmul_batch_left_only_grad(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 4, 2>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 4, 2>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_batch_right_only(x: Tensor<f32, 3, 4>, y: Tensor<f32, 2, 4, 2>) -> Tensor<f32, 2, 3, 2> {
        x.matmul(y)
    }

    pub fn matmul_batch_right_only_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 2, 4, 2>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 3, 4>, Tensor<f32, 2, 4, 2>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }
}

tensor_fn! {
    pub fn matmul_batch_broadcast(x: Tensor<f32, 2, 1, 3, 2>, y: Tensor<f32, 3, 2, 2>) -> Tensor<f32, 2, 3, 3, 2> {
        x.matmul(y)
    }

    pub fn matmul_batch_broadcast_grad(x: Tensor<f32, 2, 1, 3, 2>, y: Tensor<f32, 3, 2, 2>, cot: Tensor<f32, 2, 3, 3, 2>) -> (Tensor<f32, 2, 1, 3, 2>, Tensor<f32, 3, 2, 2>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_vector_batch(x: Tensor<f32, 4>, y: Tensor<f32, 2, 4, 3>) -> Tensor<f32, 2, 3> {
        x.matmul(y)
    }

    pub fn matmul_vector_batch_grad(x: Tensor<f32, 4>, y: Tensor<f32, 2, 4, 3>, cot: Tensor<f32, 2, 3>) -> (Tensor<f32, 4>, Tensor<f32, 2, 4, 3>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_transposed_left(x: Tensor<f32, 4, 3>, y: Tensor<f32, 4, 5>) -> Tensor<f32, 3, 5> {
        x.t().matmul(y)
    }

    pub fn matmul_transposed_left_grad(x: Tensor<f32, 4, 3>, y: Tensor<f32, 4, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 4, 3>, Tensor<f32, 4, 5>) {
        let out = x.t().matmul(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_transposed_right(x: Tensor<f32, 3, 4>, y: Tensor<f32, 5, 4>) -> Tensor<f32, 3, 5> {
        x.matmul(y.t())
    }

    pub fn matmul_transposed_right_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 5, 4>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 4>, Tensor<f32, 5, 4>) {
        let out = x.matmul(y.t());
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_both_transposed(x: Tensor<f32, 4, 3>, y: Tensor<f32, 5, 4>) -> Tensor<f32, 3, 5> {
        x.t().matmul(y.t())
    }

    pub fn matmul_both_transposed_grad(x: Tensor<f32, 4, 3>, y: Tensor<f32, 5, 4>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 4, 3>, Tensor<f32, 5, 4>) {
        let out = x.t().matmul(y.t());
        (out * cot).sum().grad((x, y))
    }

    pub fn matmul_tf32(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4, 5>) -> Tensor<f32, 3, 5> {
        x.matmul_tf32(y)
    }

    pub fn matmul_tf32_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4, 5>) {
        let out = x.matmul_tf32(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn linear_relu(x: Tensor<f32, 3, 4>, m: Tensor<f32, 4, 5>, b: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        (x.matmul(m) + b).relu()
    }

    pub fn linear_relu_grad(x: Tensor<f32, 3, 4>, m: Tensor<f32, 4, 5>, b: Tensor<f32, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4, 5>, Tensor<f32, 5>) {
        let out = (x.matmul(m) + b).relu();
        (out * cot).sum().grad((x, m, b))
    }

    pub fn gram(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 3> {
        x.matmul(x.t())
    }

    pub fn gram_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 3>) -> Tensor<f32, 3, 4> {
        let out = x.matmul(x.t());
        (out * cot).sum().grad(x)
    }

    pub fn matmul_chain(x: Tensor<f32, 2, 3>, y: Tensor<f32, 3, 4>, z: Tensor<f32, 4, 2>) -> Tensor<f32, 2, 2> {
        x.matmul(y).matmul(z)
    }

    pub fn matmul_chain_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32, 3, 4>, z: Tensor<f32, 4, 2>, cot: Tensor<f32, 2, 2>) -> (Tensor<f32, 2, 3>, Tensor<f32, 3, 4>, Tensor<f32, 4, 2>) {
        let out = x.matmul(y).matmul(z);
        (out * cot).sum().grad((x, y, z))
    }

    pub fn matmul_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 4, 2>) -> Tensor<i32, 3, 2> {
        x.matmul(y)
    }
}

tensor_fn! {
    pub fn matmul_f64(x: Tensor<f64, 3, 4>, y: Tensor<f64, 4, 2>) -> Tensor<f64, 3, 2> {
        x.matmul(y)
    }

    pub fn matmul_f64_grad(x: Tensor<f64, 3, 4>, y: Tensor<f64, 4, 2>, cot: Tensor<f64, 3, 2>) -> (Tensor<f64, 3, 4>, Tensor<f64, 4, 2>) {
        let out = x.matmul(y);
        (out * cot).sum().grad((x, y))
    }
}

mod tests {
    const THEME: &str = "matmul";

    case!(matmul(x, y), matmul_grad(x, y, cot));
    case!(matmul_row(x, y), matmul_row_grad(x, y, cot));
    case!(matmul_column(x, y), matmul_column_grad(x, y, cot));
    case!(matmul_inner_one(x, y), matmul_inner_one_grad(x, y, cot));
    case!(matmul_dot(x, y), matmul_dot_grad(x, y, cot));
    case!(matmul_vector_left(x, y), matmul_vector_left_grad(x, y, cot));
    case!(matmul_vector_right(x, y), matmul_vector_right_grad(x, y, cot));
    case!(matmul_batched(x, y), matmul_batched_grad(x, y, cot));
    case!(matmul_batch_left_only(x, y), matmul_batch_left_only_grad(x, y, cot));
    case!(matmul_batch_right_only(x, y), matmul_batch_right_only_grad(x, y, cot));
    case!(matmul_batch_broadcast(x, y), matmul_batch_broadcast_grad(x, y, cot));
    case!(matmul_vector_batch(x, y), matmul_vector_batch_grad(x, y, cot));
    case!(matmul_transposed_left(x, y), matmul_transposed_left_grad(x, y, cot));
    case!(matmul_transposed_right(x, y), matmul_transposed_right_grad(x, y, cot));
    case!(matmul_both_transposed(x, y), matmul_both_transposed_grad(x, y, cot));
    case!(matmul_tf32(x, y), matmul_tf32_grad(x, y, cot));
    case!(linear_relu(x, m, b), linear_relu_grad(x, m, b, cot));
    case!(gram(x), gram_grad(x, cot));
    case!(matmul_chain(x, y, z), matmul_chain_grad(x, y, z, cot));
    case!(matmul_int(x, y));
    case!(matmul_f64(x, y), matmul_f64_grad(x, y, cot));
}
