//! The cases of `integer.txt` as compiled tensor functions, and one test for each.
//! Written by `tests/golden/generate.py`; not for editing.

use tg::prelude::*;

tensor_fn! {
    pub fn add_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x + y
    }

    pub fn sub_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x - y
    }

    pub fn mul_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x * y
    }

    pub fn div_truncates(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x / y
    }

    pub fn rem_sign_of_dividend(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x % y
    }

    pub fn div_constant(x: Tensor<i32, 12>) -> Tensor<i32, 12> {
        x / 3
    }

    pub fn div_power_of_two(x: Tensor<i32, 12>) -> Tensor<i32, 12> {
        x / 4
    }

    pub fn rem_power_of_two(x: Tensor<i32, 12>) -> Tensor<i32, 12> {
        x % 8
    }

    pub fn neg_int(x: Tensor<i32, 6>) -> Tensor<i32, 6> {
        -x
    }

    pub fn abs_int(x: Tensor<i32, 6>) -> Tensor<i32, 6> {
        x.abs()
    }
}

tensor_fn! {
    pub fn sign_int(x: Tensor<i32, 3>) -> Tensor<i32, 3> {
        x.sign()
    }

    pub fn maximum_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x.maximum(y)
    }

    pub fn minimum_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x.minimum(y)
    }

    pub fn clamp_int(x: Tensor<i32, 8>) -> Tensor<i32, 8> {
        x.clamp(-5, 7)
    }

    pub fn and_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x & y
    }

    pub fn or_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x | y
    }

    pub fn xor_int(x: Tensor<i32, 3, 4>, y: Tensor<i32, 3, 4>) -> Tensor<i32, 3, 4> {
        x ^ y
    }

    pub fn not_int(x: Tensor<i32, 6>) -> Tensor<i32, 6> {
        !x
    }

    pub fn shl(x: Tensor<i32, 6>, s: Tensor<i32, 6>) -> Tensor<i32, 6> {
        x << s
    }

    pub fn shr_arithmetic(x: Tensor<i32, 6>, s: Tensor<i32, 6>) -> Tensor<i32, 6> {
        x >> s
    }
}

tensor_fn! {
    pub fn shl_constant(x: Tensor<i32, 6>) -> Tensor<i32, 6> {
        x << 3
    }

    pub fn shr_u8(x: Tensor<u8, 6>) -> Tensor<u8, 6> {
        x >> 2
    }

    pub fn add_wraps(x: Tensor<i32, 2>, y: Tensor<i32, 2>) -> Tensor<i32, 2> {
        x + y
    }

    pub fn mul_wraps(x: Tensor<i32, 2>, y: Tensor<i32, 2>) -> Tensor<i32, 2> {
        x * y
    }

    pub fn add_wraps_u8(x: Tensor<u8, 2>, y: Tensor<u8, 2>) -> Tensor<u8, 2> {
        x + y
    }

    pub fn sub_wraps_u8(x: Tensor<u8, 2>, y: Tensor<u8, 2>) -> Tensor<u8, 2> {
        x - y
    }

    pub fn add_i64(x: Tensor<i64, 2>, y: Tensor<i64, 2>) -> Tensor<i64, 2> {
        x + y
    }
}

mod tests {
    const THEME: &str = "integer";

    case!(add_int(x, y));
    case!(sub_int(x, y));
    case!(mul_int(x, y));
    case!(div_truncates(x, y));
    case!(rem_sign_of_dividend(x, y));
    case!(div_constant(x));
    case!(div_power_of_two(x));
    case!(rem_power_of_two(x));
    case!(neg_int(x));
    case!(abs_int(x));
    case!(sign_int(x));
    case!(maximum_int(x, y));
    case!(minimum_int(x, y));
    case!(clamp_int(x));
    case!(and_int(x, y));
    case!(or_int(x, y));
    case!(xor_int(x, y));
    case!(not_int(x));
    case!(shl(x, s));
    case!(shr_arithmetic(x, s));
    case!(shl_constant(x));
    case!(shr_u8(x));
    case!(add_wraps(x, y));
    case!(mul_wraps(x, y));
    case!(add_wraps_u8(x, y));
    case!(sub_wraps_u8(x, y));
    case!(add_i64(x, y));
}
