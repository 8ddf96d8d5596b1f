//! The cases of `binary.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn add(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x + y
    }

    pub fn add_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x + y;
        (out * cot).sum().grad((x, y))
    }

    pub fn sub(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x - y
    }

    pub fn sub_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x - y;
        (out * cot).sum().grad((x, y))
    }

    pub fn mul(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x * y
    }

    pub fn mul_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x * y;
        (out * cot).sum().grad((x, y))
    }

    pub fn div(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x / y
    }

    pub fn div_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x / y;
        (out * cot).sum().grad((x, y))
    }

    pub fn rem(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x % y
    }

    pub fn rem_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x % y;
        (out * cot).sum().grad((x, y))
    }

    pub fn pow(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(y)
    }

    pub fn pow_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x.pow(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn pow_half(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(0.5)
    }

    pub fn pow_half_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.pow(0.5);
        (out * cot).sum().grad(x)
    }

    pub fn pow_fraction(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(2.5)
    }

    pub fn pow_fraction_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.pow(2.5);
        (out * cot).sum().grad(x)
    }

    pub fn pow_two_of_negative(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(2.0)
    }

    pub fn pow_two_of_negative_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.pow(2.0);
        (out * cot).sum().grad(x)
    }

    pub fn pow_three_of_negative(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(3.0)
    }

    pub fn pow_three_of_negative_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.pow(3.0);
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn pow_minus_one(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.pow(-1.0)
    }

    pub fn pow_minus_one_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.pow(-1.0);
        (out * cot).sum().grad(x)
    }

    pub fn maximum(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.maximum(y)
    }

    pub fn maximum_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x.maximum(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn minimum(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.minimum(y)
    }

    pub fn minimum_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = x.minimum(y);
        (out * cot).sum().grad((x, y))
    }

    pub fn maximum_scalar(x: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        x.maximum(0.25)
    }

    pub fn maximum_scalar_grad(x: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        let out = x.maximum(0.25);
        (out * cot).sum().grad(x)
    }

    pub fn add_row(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4>) -> Tensor<f32, 3, 4> {
        x + y
    }

    pub fn add_row_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 4>) {
        let out = x + y;
        (out * cot).sum().grad((x, y))
    }

    pub fn mul_outer(x: Tensor<f32, 3, 1>, y: Tensor<f32, 1, 4>) -> Tensor<f32, 3, 4> {
        x * y
    }

    pub fn mul_outer_grad(x: Tensor<f32, 3, 1>, y: Tensor<f32, 1, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 1>, Tensor<f32, 1, 4>) {
        let out = x * y;
        (out * cot).sum().grad((x, y))
    }

    pub fn sub_broadcast_middle(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 3, 1>) -> Tensor<f32, 2, 3, 4> {
        x - y
    }

    pub fn sub_broadcast_middle_grad(x: Tensor<f32, 2, 3, 4>, y: Tensor<f32, 3, 1>, cot: Tensor<f32, 2, 3, 4>) -> (Tensor<f32, 2, 3, 4>, Tensor<f32, 3, 1>) {
        let out = x - y;
        (out * cot).sum().grad((x, y))
    }

    pub fn div_by_column(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 1>) -> Tensor<f32, 3, 4> {
        x / y
    }

    pub fn div_by_column_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 1>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 1>) {
        let out = x / y;
        (out * cot).sum().grad((x, y))
    }

    pub fn add_scalar_tensor(x: Tensor<f32, 2, 3>, y: Tensor<f32>) -> Tensor<f32, 2, 3> {
        x + y
    }

    pub fn add_scalar_tensor_grad(x: Tensor<f32, 2, 3>, y: Tensor<f32>, cot: Tensor<f32, 2, 3>) -> (Tensor<f32, 2, 3>, Tensor<f32>) {
        let out = x + y;
        (out * cot).sum().grad((x, y))
    }

    pub fn scalar_right(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        x * 0.1 - 3.0
    }

    pub fn scalar_right_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = x * 0.1 - 3.0;
        (out * cot).sum().grad(x)
    }
}

tensor_fn! {
    pub fn scalar_left(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        3.0 - 2.0 / x
    }

    pub fn scalar_left_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = 3.0 - 2.0 / x;
        (out * cot).sum().grad(x)
    }

    pub fn same_operand_twice(x: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        x * x + x
    }

    pub fn same_operand_twice_grad(x: Tensor<f32, 2, 3>, cot: Tensor<f32, 2, 3>) -> Tensor<f32, 2, 3> {
        let out = x * x + x;
        (out * cot).sum().grad(x)
    }

    pub fn chain(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>) -> Tensor<f32, 3, 4> {
        (x + y) * (x - y) / (x * x + 1.0)
    }

    pub fn chain_grad(x: Tensor<f32, 3, 4>, y: Tensor<f32, 3, 4>, cot: Tensor<f32, 3, 4>) -> (Tensor<f32, 3, 4>, Tensor<f32, 3, 4>) {
        let out = (x + y) * (x - y) / (x * x + 1.0);
        (out * cot).sum().grad((x, y))
    }

    pub fn add_f64(x: Tensor<f64, 2, 3>, y: Tensor<f64, 3>) -> Tensor<f64, 2, 3> {
        x + y
    }

    pub fn add_f64_grad(x: Tensor<f64, 2, 3>, y: Tensor<f64, 3>, cot: Tensor<f64, 2, 3>) -> (Tensor<f64, 2, 3>, Tensor<f64, 3>) {
        let out = x + y;
        (out * cot).sum().grad((x, y))
    }

    pub fn div_f64(x: Tensor<f64, 2, 3>, y: Tensor<f64, 2, 3>) -> Tensor<f64, 2, 3> {
        x / y
    }

    pub fn div_f64_grad(x: Tensor<f64, 2, 3>, y: Tensor<f64, 2, 3>, cot: Tensor<f64, 2, 3>) -> (Tensor<f64, 2, 3>, Tensor<f64, 2, 3>) {
        let out = x / y;
        (out * cot).sum().grad((x, y))
    }
}

mod tests {
    const THEME: &str = "binary";

    case!(add(x, y), add_grad(x, y, cot));
    case!(sub(x, y), sub_grad(x, y, cot));
    case!(mul(x, y), mul_grad(x, y, cot));
    case!(div(x, y), div_grad(x, y, cot));
    case!(rem(x, y), rem_grad(x, y, cot));
    case!(pow(x, y), pow_grad(x, y, cot));
    case!(pow_half(x), pow_half_grad(x, cot));
    case!(pow_fraction(x), pow_fraction_grad(x, cot));
    case!(pow_two_of_negative(x), pow_two_of_negative_grad(x, cot));
    case!(pow_three_of_negative(x), pow_three_of_negative_grad(x, cot));
    case!(pow_minus_one(x), pow_minus_one_grad(x, cot));
    case!(maximum(x, y), maximum_grad(x, y, cot));
    case!(minimum(x, y), minimum_grad(x, y, cot));
    case!(maximum_scalar(x), maximum_scalar_grad(x, cot));
    case!(add_row(x, y), add_row_grad(x, y, cot));
    case!(mul_outer(x, y), mul_outer_grad(x, y, cot));
    case!(sub_broadcast_middle(x, y), sub_broadcast_middle_grad(x, y, cot));
    case!(div_by_column(x, y), div_by_column_grad(x, y, cot));
    case!(add_scalar_tensor(x, y), add_scalar_tensor_grad(x, y, cot));
    case!(scalar_right(x), scalar_right_grad(x, cot));
    case!(scalar_left(x), scalar_left_grad(x, cot));
    case!(same_operand_twice(x), same_operand_twice_grad(x, cot));
    case!(chain(x, y), chain_grad(x, y, cot));
    case!(add_f64(x, y), add_f64_grad(x, y, cot));
    case!(div_f64(x, y), div_f64_grad(x, y, cot));
}
