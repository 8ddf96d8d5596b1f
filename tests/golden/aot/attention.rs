//! The cases of `attention.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn attention_plain(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>) -> Tensor<f32, 2, 3, 2> {
        q.attention(k, v)
    }

    pub fn attention_plain_grad(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 2, 5, 4>, Tensor<f32, 2, 5, 2>) {
        let out = q.attention(k, v);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_matrix(q: Tensor<f32, 3, 4>, k: Tensor<f32, 5, 4>, v: Tensor<f32, 5, 2>) -> Tensor<f32, 3, 2> {
        q.attention(k, v)
    }

    pub fn attention_matrix_grad(q: Tensor<f32, 3, 4>, k: Tensor<f32, 5, 4>, v: Tensor<f32, 5, 2>, cot: Tensor<f32, 3, 2>) -> (Tensor<f32, 3, 4>, Tensor<f32, 5, 4>, Tensor<f32, 5, 2>) {
        let out = q.attention(k, v);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_heads(q: Tensor<f32, 1, 2, 3, 4>, k: Tensor<f32, 1, 2, 3, 4>, v: Tensor<f32, 1, 2, 3, 4>) -> Tensor<f32, 1, 2, 3, 4> {
        q.attention(k, v)
    }

    pub fn attention_heads_grad(q: Tensor<f32, 1, 2, 3, 4>, k: Tensor<f32, 1, 2, 3, 4>, v: Tensor<f32, 1, 2, 3, 4>, cot: Tensor<f32, 1, 2, 3, 4>) -> (Tensor<f32, 1, 2, 3, 4>, Tensor<f32, 1, 2, 3, 4>, Tensor<f32, 1, 2, 3, 4>) {
        let out = q.attention(k, v);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_scale(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>) -> Tensor<f32, 2, 3, 2> {
        q.attention(k, v, None, 0.3)
    }

    pub fn attention_scale_grad(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 2, 5, 4>, Tensor<f32, 2, 5, 2>) {
        let out = q.attention(k, v, None, 0.3);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_causal(q: Tensor<f32, 2, 4, 3>, k: Tensor<f32, 2, 4, 3>, v: Tensor<f32, 2, 4, 2>) -> Tensor<f32, 2, 4, 2> {
        q.causal_attention(k, v)
    }

    pub fn attention_causal_grad(q: Tensor<f32, 2, 4, 3>, k: Tensor<f32, 2, 4, 3>, v: Tensor<f32, 2, 4, 2>, cot: Tensor<f32, 2, 4, 2>) -> (Tensor<f32, 2, 4, 3>, Tensor<f32, 2, 4, 3>, Tensor<f32, 2, 4, 2>) {
        let out = q.causal_attention(k, v);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_causal_scale(q: Tensor<f32, 2, 4, 3>, k: Tensor<f32, 2, 4, 3>, v: Tensor<f32, 2, 4, 2>) -> Tensor<f32, 2, 4, 2> {
        q.causal_attention(k, v, 1.5)
    }

    pub fn attention_causal_scale_grad(q: Tensor<f32, 2, 4, 3>, k: Tensor<f32, 2, 4, 3>, v: Tensor<f32, 2, 4, 2>, cot: Tensor<f32, 2, 4, 2>) -> (Tensor<f32, 2, 4, 3>, Tensor<f32, 2, 4, 3>, Tensor<f32, 2, 4, 2>) {
        let out = q.causal_attention(k, v, 1.5);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_mask(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, a: Tensor<bool, 3, 5>) -> Tensor<f32, 2, 3, 2> {
        q.attention(k, v, a)
    }

    pub fn attention_mask_grad(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, a: Tensor<bool, 3, 5>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 2, 5, 4>, Tensor<f32, 2, 5, 2>) {
        let out = q.attention(k, v, a);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn attention_added(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, b: Tensor<f32, 3, 5>) -> Tensor<f32, 2, 3, 2> {
        q.attention(k, v, b)
    }

    pub fn attention_added_grad(q: Tensor<f32, 2, 3, 4>, k: Tensor<f32, 2, 5, 4>, v: Tensor<f32, 2, 5, 2>, b: Tensor<f32, 3, 5>, cot: Tensor<f32, 2, 3, 2>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 2, 5, 4>, Tensor<f32, 2, 5, 2>, Tensor<f32, 3, 5>) {
        let out = q.attention(k, v, b);
        (out * cot).sum().grad((q, k, v, b))
    }

    pub fn attention_nobody(q: Tensor<f32, 2, 3>, k: Tensor<f32, 2, 3>, v: Tensor<f32, 2, 2>, a: Tensor<bool, 2, 2>) -> Tensor<f32, 2, 2> {
        q.attention(k, v, a)
    }

    pub fn attention_large_scores(q: Tensor<f32, 2, 3>, k: Tensor<f32, 3, 3>, v: Tensor<f32, 3, 2>) -> Tensor<f32, 2, 2> {
        q.attention(k, v)
    }

    pub fn attention_large_scores_grad(q: Tensor<f32, 2, 3>, k: Tensor<f32, 3, 3>, v: Tensor<f32, 3, 2>, cot: Tensor<f32, 2, 2>) -> (Tensor<f32, 2, 3>, Tensor<f32, 3, 3>, Tensor<f32, 3, 2>) {
        let out = q.attention(k, v);
        (out * cot).sum().grad((q, k, v))
    }
}

mod tests {
    const THEME: &str = "attention";

    case!(attention_plain(q, k, v), attention_plain_grad(q, k, v, cot));
    case!(attention_matrix(q, k, v), attention_matrix_grad(q, k, v, cot));
    case!(attention_heads(q, k, v), attention_heads_grad(q, k, v, cot));
    case!(attention_scale(q, k, v), attention_scale_grad(q, k, v, cot));
    case!(attention_causal(q, k, v), attention_causal_grad(q, k, v, cot));
    case!(attention_causal_scale(q, k, v), attention_causal_scale_grad(q, k, v, cot));
    case!(attention_mask(q, k, v, a), attention_mask_grad(q, k, v, a, cot));
    case!(attention_added(q, k, v, b), attention_added_grad(q, k, v, b, cot));
    case!(attention_nobody(q, k, v, a));
    case!(attention_large_scores(q, k, v), attention_large_scores_grad(q, k, v, cot));
}
