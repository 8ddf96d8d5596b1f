//! The cases of `index.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn one_hot(k: Tensor<i64, 4>) -> Tensor<f32, 4, 5> {
        k.one_hot(5).cast::<f32>()
    }

    pub fn one_hot_matrix(k: Tensor<i64, 2, 4>) -> Tensor<f32, 2, 4, 3> {
        k.one_hot(3).cast::<f32>()
    }

    pub fn one_hot_u8(k: Tensor<u8, 5>) -> Tensor<f32, 5, 6> {
        k.one_hot(6).cast::<f32>()
    }

    pub fn gather(x: Tensor<f32, 3, 5>, k: Tensor<i64, 3, 2>) -> Tensor<f32, 3, 2> {
        x.gather(1, k)
    }

    pub fn gather_grad(x: Tensor<f32, 3, 5>, k: Tensor<i64, 3, 2>, cot: Tensor<f32, 3, 2>) -> Tensor<f32, 3, 5> {
        let out = x.gather(1, k);
        (out * cot).sum().grad(x)
    }

    pub fn gather_first(x: Tensor<f32, 4, 3>, k: Tensor<i64, 2, 3>) -> Tensor<f32, 2, 3> {
        x.gather(0, k)
    }

    pub fn gather_first_grad(x: Tensor<f32, 4, 3>, k: Tensor<i64, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 4, 3> {
        let out = x.gather(0, k);
        (out * cot).sum().grad(x)
    }

    pub fn gather_fewer_rows(x: Tensor<f32, 3, 4>, k: Tensor<i64, 2, 6>) -> Tensor<f32, 2, 6> {
        x.gather(1, k)
    }

    pub fn gather_fewer_rows_grad(x: Tensor<f32, 3, 4>, k: Tensor<i64, 2, 6>, cot: Tensor<f32, 2, 6>) -> Tensor<f32, 3, 4> {
        let out = x.gather(1, k);
        (out * cot).sum().grad(x)
    }

    pub fn gather_repeated(x: Tensor<f32, 2, 4>, k: Tensor<i64, 2, 4>) -> Tensor<f32, 2, 4> {
        x.gather(1, k)
    }

    pub fn gather_repeated_grad(x: Tensor<f32, 2, 4>, k: Tensor<i64, 2, 4>, cot: Tensor<f32, 2, 4>) -> Tensor<f32, 2, 4> {
        let out = x.gather(1, k);
        (out * cot).sum().grad(x)
    }

    pub fn gather_i32(x: Tensor<f32, 3, 5>, k: Tensor<i32, 3, 2>) -> Tensor<f32, 3, 2> {
        x.gather(1, k)
    }

    pub fn gather_i32_grad(x: Tensor<f32, 3, 5>, k: Tensor<i32, 3, 2>, cot: Tensor<f32, 3, 2>) -> Tensor<f32, 3, 5> {
        let out = x.gather(1, k);
        (out * cot).sum().grad(x)
    }

    pub fn index_select(x: Tensor<f32, 5, 3>, k: Tensor<i64, 4>) -> Tensor<f32, 4, 3> {
        x.index_select(0, k)
    }

    pub fn index_select_grad(x: Tensor<f32, 5, 3>, k: Tensor<i64, 4>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 5, 3> {
        let out = x.index_select(0, k);
        (out * cot).sum().grad(x)
    }

    pub fn index_select_columns(x: Tensor<f32, 3, 5>, k: Tensor<i64, 6>) -> Tensor<f32, 3, 6> {
        x.index_select(1, k)
    }

    pub fn index_select_columns_grad(x: Tensor<f32, 3, 5>, k: Tensor<i64, 6>, cot: Tensor<f32, 3, 6>) -> Tensor<f32, 3, 5> {
        let out = x.index_select(1, k);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn index_select_repeated(x: Tensor<f32, 4, 2>, k: Tensor<i64, 4>) -> Tensor<f32, 4, 2> {
        x.index_select(0, k)
    }

    pub fn index_select_repeated_grad(x: Tensor<f32, 4, 2>, k: Tensor<i64, 4>, cot: Tensor<f32, 4, 2>) -> Tensor<f32, 4, 2> {
        let out = x.index_select(0, k);
        (out * cot).sum().grad(x)
    }

    pub fn embedding(m: Tensor<f32, 6, 3>, k: Tensor<i64, 4>) -> Tensor<f32, 4, 3> {
        m.embedding(k)
    }

    pub fn embedding_grad(m: Tensor<f32, 6, 3>, k: Tensor<i64, 4>, cot: Tensor<f32, 4, 3>) -> Tensor<f32, 6, 3> {
        let out = m.embedding(k);
        (out * cot).sum().grad(m)
    }

    pub fn embedding_matrix(m: Tensor<f32, 6, 3>, k: Tensor<i64, 2, 4>) -> Tensor<f32, 2, 4, 3> {
        m.embedding(k)
    }

    pub fn embedding_matrix_grad(m: Tensor<f32, 6, 3>, k: Tensor<i64, 2, 4>, cot: Tensor<f32, 2, 4, 3>) -> Tensor<f32, 6, 3> {
        let out = m.embedding(k);
        (out * cot).sum().grad(m)
    }

    pub fn embedding_u8(m: Tensor<f32, 6, 3>, k: Tensor<u8, 5>) -> Tensor<f32, 5, 3> {
        m.embedding(k)
    }

    pub fn embedding_u8_grad(m: Tensor<f32, 6, 3>, k: Tensor<u8, 5>, cot: Tensor<f32, 5, 3>) -> Tensor<f32, 6, 3> {
        let out = m.embedding(k);
        (out * cot).sum().grad(m)
    }

    pub fn gather_then_exp(x: Tensor<f32, 3, 5>, k: Tensor<i64, 3, 2>) -> Tensor<f32, 3> {
        x.gather(1, k).exp().sum(1)
    }

    pub fn gather_then_exp_grad(x: Tensor<f32, 3, 5>, k: Tensor<i64, 3, 2>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.gather(1, k).exp().sum(1);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "index";

    case!(one_hot(k));
    case!(one_hot_matrix(k));
    case!(one_hot_u8(k));
    case!(gather(x, k), gather_grad(x, k, cot));
    case!(gather_first(x, k), gather_first_grad(x, k, cot));
    case!(gather_fewer_rows(x, k), gather_fewer_rows_grad(x, k, cot));
    case!(gather_repeated(x, k), gather_repeated_grad(x, k, cot));
    case!(gather_i32(x, k), gather_i32_grad(x, k, cot));
    case!(index_select(x, k), index_select_grad(x, k, cot));
    case!(index_select_columns(x, k), index_select_columns_grad(x, k, cot));
    case!(index_select_repeated(x, k), index_select_repeated_grad(x, k, cot));
    case!(embedding(m, k), embedding_grad(m, k, cot));
    case!(embedding_matrix(m, k), embedding_matrix_grad(m, k, cot));
    case!(embedding_u8(m, k), embedding_u8_grad(m, k, cot));
    case!(gather_then_exp(x, k), gather_then_exp_grad(x, k, cot));
}
