//! The cases of `compare.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn lt(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.lt(y)
    }

    pub fn le(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.le(y)
    }

    pub fn gt(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.gt(y)
    }

    pub fn ge(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.ge(y)
    }

    pub fn eq(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.eq(y)
    }

    pub fn ne(x: Tensor<f32, 2, 3>, y: Tensor<f32, 2, 3>) -> Tensor<bool, 2, 3> {
        x.ne(y)
    }

    pub fn lt_scalar(x: Tensor<f32, 3, 4>) -> Tensor<bool, 3, 4> {
        x.lt(0.5)
    }

    pub fn ge_broadcast(x: Tensor<f32, 3, 1>, y: Tensor<f32, 4>) -> Tensor<bool, 3, 4> {
        x.ge(y)
    }

    pub fn eq_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 4>) -> Tensor<bool, 3, 4> {
        x.eq(y)
    }

    pub fn lt_int_negative(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<bool, 3, 4> {
        x.lt(y)
    }
}

tensor_fn! {
    pub fn gt_u8(x: Tensor<u8, 8>, y: Tensor<u8, 8>) -> Tensor<bool, 8> {
        x.gt(y)
    }

    pub fn and(a: Tensor<bool, 2, 5>, b: Tensor<bool, 2, 5>) -> Tensor<bool, 2, 5> {
        a & b
    }

    pub fn or(a: Tensor<bool, 2, 5>, b: Tensor<bool, 2, 5>) -> Tensor<bool, 2, 5> {
        a | b
    }

    pub fn xor(a: Tensor<bool, 2, 5>, b: Tensor<bool, 5>) -> Tensor<bool, 2, 5> {
        a ^ b
    }

    pub fn not(a: Tensor<bool, 2, 5>) -> Tensor<bool, 2, 5> {
        !a
    }

    pub fn between(x: Tensor<f32, 3, 4>) -> Tensor<bool, 3, 4> {
        x.gt(-1.0) & x.lt(1.0)
    }

    pub fn where_select(c: Tensor<bool, 3, 4>, x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        c.where_(x, y)
    }

    pub fn where_select_grad(c: Tensor<bool, 3, 4>, x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = c.where_(x, y);
        (out * cot).sum().grad((x, y))
    }

    pub fn where_comparison(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.lt(y).where_(x, y * 2.0)
    }

    pub fn where_comparison_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x.lt(y).where_(x, y * 2.0);
        (out * cot).sum().grad((x, y))
    }

    pub fn where_broadcast(c: Tensor<bool, 3, 1>, x: Tensor<f32, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        c.where_(x, y)
    }

    pub fn where_broadcast_grad(c: Tensor<bool, 3, 1>, x: Tensor<f32, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 4>, Tensor<f32, 3, 4>) {
        let out = c.where_(x, y);
        (out * cot).sum().grad((x, y))
    }

    pub fn where_scalars(c: Tensor<bool, 2, 3>) -> Tensor<f32, 2, 3> {
        c.where_(1.0, -0.5)
    }
}

tensor_fn! {
    pub fn where_one_scalar(c: Tensor<bool, 2, 3>, x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        c.where_(x, 0.0)
    }

    pub fn where_one_scalar_grad(c: Tensor<bool, 2, 3>, x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = c.where_(x, 0.0);
        (out * cot).sum().grad(x)
    }
}

mod tests {
    const THEME: &str = "compare";

    case!(lt(x, y));
    case!(le(x, y));
    case!(gt(x, y));
    case!(ge(x, y));
    case!(eq(x, y));
    case!(ne(x, y));
    case!(lt_scalar(x));
    case!(ge_broadcast(x, y));
    case!(eq_int(x, y));
    case!(lt_int_negative(x, y));
    case!(gt_u8(x, y));
    case!(and(a, b));
    case!(or(a, b));
    case!(xor(a, b));
    case!(not(a));
    case!(between(x));
    case!(where_select(c, x, y), where_select_grad(c, x, y, cot));
    case!(where_comparison(x, y), where_comparison_grad(x, y, cot));
    case!(where_broadcast(c, x, y), where_broadcast_grad(c, x, y, cot));
    case!(where_scalars(c));
    case!(where_one_scalar(c, x), where_one_scalar_grad(c, x, cot));
}
