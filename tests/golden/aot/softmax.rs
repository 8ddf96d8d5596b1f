//! The cases of `softmax.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn softmax_last(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.softmax(-1)
    }

    pub fn softmax_last_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.softmax(0)
    }

    pub fn softmax_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.softmax(0);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_middle(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        x.softmax(1)
    }

    pub fn softmax_middle_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.softmax(1);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_large(x: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        x.softmax(-1)
    }

    pub fn softmax_large_grad(x: Tensor<f32, 2, 5>, cot: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        let out = x.softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_wide(x: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        x.softmax(-1)
    }

    pub fn softmax_wide_grad(x: Tensor<f32, 2, 5>, cot: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        let out = x.softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn log_softmax(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.log_softmax(-1)
    }

    pub fn log_softmax_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.log_softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn log_softmax_first(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        x.log_softmax(0)
    }

    pub fn log_softmax_first_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3, 5>) -> Tensor<f32, 3, 5> {
        let out = x.log_softmax(0);
        (out * cot).sum().grad(x)
    }

    pub fn log_softmax_wide(x: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        x.log_softmax(-1)
    }

    pub fn log_softmax_wide_grad(x: Tensor<f32, 2, 5>, cot: Tensor<f32, 2, 5>) -> Tensor<f32, 2, 5> {
        let out = x.log_softmax(-1);
        (out * cot).sum().grad(x)
    }

    pub fn logsumexp(x: Tensor<f32, 3, 5>) -> Tensor<f32, 3> {
        x.logsumexp(-1)
    }

    pub fn logsumexp_grad(x: Tensor<f32, 3, 5>, cot: Tensor<f32, 3>) -> Tensor<f32, 3, 5> {
        let out = x.logsumexp(-1);
        (out * cot).sum().grad(x)
    }

    pub fn logsumexp_middle(x: Tensor<f32, 2, 3, 4>) -> Tensor<f32, 2, 4> {
        x.logsumexp(1)
    }

    pub fn logsumexp_middle_grad(x: Tensor<f32, 2, 3, 4>, cot: Tensor<f32, 2, 4>) -> Tensor<f32, 2, 3, 4> {
        let out = x.logsumexp(1);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn logsumexp_large(x: Tensor<f32, 2, 5>) -> Tensor<f32, 2> {
        x.logsumexp(1)
    }

    pub fn logsumexp_large_grad(x: Tensor<f32, 2, 5>, cot: Tensor<f32, 2>) -> Tensor<f32, 2, 5> {
        let out = x.logsumexp(1);
        (out * cot).sum().grad(x)
    }

    pub fn softmax_scaled(x: Tensor<f32, 3, 5>, y: Tensor<f32, 5>) -> Tensor<f32, 3, 5> {
        (x * 0.5 + y).softmax(-1)
    }

    pub fn softmax_scaled_grad(x: Tensor<f32, 3, 5>, y: Tensor<f32, 5>, cot: Tensor<f32, 3, 5>) -> (Tensor<f32, 3, 5>, Tensor<f32, 5>) {
        let out = (x * 0.5 + y).softmax(-1);
        (out * cot).sum().grad((x, y))
    }

    pub fn attention(q: Tensor<f32, 3, 4>, k: Tensor<f32, 5, 4>, v: Tensor<f32, 5, 2>) -> Tensor<f32, 3, 2> {
        (q.matmul(k.t()) * 0.5).softmax(-1).matmul(v)
    }

    pub fn attention_grad(q: Tensor<f32, 3, 4>, k: Tensor<f32, 5, 4>, v: Tensor<f32, 5, 2>, cot: Tensor<f32, 3, 2>) -> (Tensor<f32, 3, 4>, Tensor<f32, 5, 4>, Tensor<f32, 5, 2>) {
        let out = (q.matmul(k.t()) * 0.5).softmax(-1).matmul(v);
        (out * cot).sum().grad((q, k, v))
    }

    pub fn softmax_f64(x: Tensor<f64, 2, 4>) -> Tensor<f64, 2, 4> {
        x.softmax(-1)
    }

    pub fn softmax_f64_grad(x: Tensor<f64, 2, 4>, cot: Tensor<f64, 2, 4>) -> Tensor<f64, 2, 4> {
        let out = x.softmax(-1);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "softmax";

    case!(softmax_last(x), softmax_last_grad(x, cot));
    case!(softmax_first(x), softmax_first_grad(x, cot));
    case!(softmax_middle(x), softmax_middle_grad(x, cot));
    case!(softmax_large(x), softmax_large_grad(x, cot));
    case!(softmax_wide(x), softmax_wide_grad(x, cot));
    case!(log_softmax(x), log_softmax_grad(x, cot));
    case!(log_softmax_first(x), log_softmax_first_grad(x, cot));
    case!(log_softmax_wide(x), log_softmax_wide_grad(x, cot));
    case!(logsumexp(x), logsumexp_grad(x, cot));
    case!(logsumexp_middle(x), logsumexp_middle_grad(x, cot));
    case!(logsumexp_large(x), logsumexp_large_grad(x, cot));
    case!(softmax_scaled(x, y), softmax_scaled_grad(x, y, cot));
    case!(attention(q, k, v), attention_grad(q, k, v, cot));
    case!(softmax_f64(x), softmax_f64_grad(x, cot));
}
